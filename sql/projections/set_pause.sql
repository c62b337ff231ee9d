-- Stops claiming what this names; replaces a pause that is there.
-- $1 text         kind
-- $2 text         key
-- $3 text         reason
-- $4 timestamptz  until; NULL: until it is lifted
INSERT INTO pauses (kind, key, reason, paused_at, until)
SELECT $1, $2, $3, now.at, $4
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (kind, key) DO UPDATE
    SET reason = excluded.reason, paused_at = excluded.paused_at, until = excluded.until
