-- Flags devices for the matcher, whose work of a moment ago may have missed what was written with this.
-- $1 text[]  device ids
WITH mine AS MATERIALIZED (
    SELECT d.device_id
    FROM devices AS d
    WHERE d.device_id = ANY ($1::text[])
    ORDER BY d.device_id
    FOR UPDATE
)
UPDATE devices AS d
SET match_due_at = now.at, match_count = d.match_count + 1
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE d.device_id = m.device_id
