-- Takes starts from the budgets of phones, as many as are left.
-- $1 text[]            device ids
-- $2 integer[]         starts wanted of each
-- $3 double precision  the most that a budget holds
-- $4 double precision  seconds in which it gains one
-- Returns: device_id text, granted integer
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), held AS MATERIALIZED (
    SELECT d.device_id, w.wanted,
           coalesce(least($3, d.start_credit + greatest(extract(epoch FROM now.at - d.start_credit_at)::double precision, 0) / $4),
                    $3) AS credit
    FROM now, unnest($1::text[], $2::integer[]) AS w(device_id, wanted)
    JOIN devices AS d ON d.device_id = w.device_id
    ORDER BY d.device_id
    FOR UPDATE OF d
)
UPDATE devices AS d
SET start_credit = h.credit - least(h.wanted, floor(h.credit)::integer), start_credit_at = now.at
FROM held AS h, now
WHERE d.device_id = h.device_id
RETURNING d.device_id, least(h.wanted, floor(h.credit)::integer) AS granted
