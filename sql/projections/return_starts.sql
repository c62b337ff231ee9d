-- Gives starts that provably did not reach their phones back to the budgets.
-- $1 text[]            device ids
-- $2 integer[]         starts of each
-- $3 double precision  the most that a budget holds
WITH held AS MATERIALIZED (
    SELECT d.device_id, r.starts
    FROM unnest($1::text[], $2::integer[]) AS r(device_id, starts)
    JOIN devices AS d ON d.device_id = r.device_id
    ORDER BY d.device_id
    FOR UPDATE OF d
)
UPDATE devices AS d
SET start_credit = least($3, d.start_credit + h.starts)
FROM held AS h
WHERE d.device_id = h.device_id
