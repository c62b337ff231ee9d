-- Clears the flags of devices unless they were raised again.
-- $1 text[]    device ids
-- $2 bigint[]  the flags' counters as they were read
WITH unchanged AS MATERIALIZED (
    SELECT d.device_id
    FROM devices AS d
    JOIN unnest($1::text[], $2::bigint[]) AS f(device_id, match_count)
        ON f.device_id = d.device_id AND f.match_count = d.match_count
    ORDER BY d.device_id
    FOR UPDATE OF d
)
UPDATE devices AS d
SET match_due_at = NULL
FROM unchanged AS u
WHERE d.device_id = u.device_id
