-- Counts starts that APNs accepted and that no app told of.
-- $1 text[]     device ids
-- $2 integer[]  starts of each
WITH held AS MATERIALIZED (
    SELECT d.device_id, s.starts
    FROM unnest($1::text[], $2::integer[]) AS s(device_id, starts)
    JOIN devices AS d ON d.device_id = s.device_id
    ORDER BY d.device_id
    FOR UPDATE OF d
)
UPDATE devices AS d
SET unreported_starts = d.unreported_starts + h.starts
FROM held AS h
WHERE d.device_id = h.device_id
