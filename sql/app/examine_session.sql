-- Tells how long a statement may take, and a transaction may do nothing, in a session that somebody else has set up.
-- Returns: statement text, idle text
SELECT current_setting('statement_timeout') AS statement,
       current_setting('idle_in_transaction_session_timeout') AS idle
