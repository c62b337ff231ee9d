-- Takes a ticket away and adds the key of the session that it begins; of two at once, one finds the ticket.
-- $1 bytea  hash of the ticket
-- $2 text   key id
-- $3 bytea  hash of the key
-- $4 text   name
-- $5 text   environment
-- Returns: scopes text[], expires_at timestamptz
WITH taken AS (
    DELETE FROM console_tickets AS t
    WHERE t.hash = $1
      AND t.expires_at > lockstep_now()
    RETURNING t.scopes, t.session_seconds, lockstep_now() AS at
)
INSERT INTO api_keys (key_id, hash, name, environment, scopes, created_at, expires_at, of_console)
SELECT $2, $3, $4, $5, t.scopes, t.at, t.at + t.session_seconds * interval '1 second', true
FROM taken AS t
RETURNING scopes, expires_at
