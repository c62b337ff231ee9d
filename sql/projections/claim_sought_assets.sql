-- Takes all keys that are to be sought in what cards show, unless a worker seeks some of them now.
-- $1 double precision  seconds after which another may go on where this one died
-- Returns: key text, sha256 text, seek_slot smallint, seek_after text
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), wanted AS MATERIALIZED (
    SELECT a.key, a.sha256
    FROM now, assets AS a
    WHERE a.seek_slot IS NOT NULL
      AND NOT EXISTS (SELECT FROM assets AS o WHERE o.seek_slot IS NOT NULL AND o.sought_until > now.at)
    ORDER BY a.key, a.sha256
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE assets AS a
SET sought_until = now.at + $1 * interval '1 second'
FROM wanted AS w, now
WHERE a.key = w.key AND a.sha256 = w.sha256
RETURNING a.key, a.sha256, a.seek_slot, a.seek_after
