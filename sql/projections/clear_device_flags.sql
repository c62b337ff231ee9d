-- Clears the flags of devices unless they were raised again.
-- $1 text[]    device ids
-- $2 bigint[]  the flags' counters as they were read
UPDATE devices AS d
SET match_due_at = NULL
FROM unnest($1::text[], $2::bigint[]) AS f(device_id, match_count)
WHERE d.device_id = f.device_id AND d.match_count = f.match_count
