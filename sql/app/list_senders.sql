-- Lists the sources that sign.
-- Returns: source text, created_at timestamptz, changed_at timestamptz, previous_until timestamptz
SELECT source, created_at, changed_at, CASE WHEN previous_until > lockstep_now() THEN previous_until END
    AS previous_until
FROM senders
ORDER BY source
