-- Lets what this names be planned and recorded, and not sent; replaces a shadow that is there.
-- $1 text  kind
-- $2 text  key
-- $3 text  reason
INSERT INTO shadows (kind, key, reason, since)
SELECT $1, $2, $3, now.at
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (kind, key) DO UPDATE
    SET reason = excluded.reason, since = excluded.since
