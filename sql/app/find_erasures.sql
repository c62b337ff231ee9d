-- Finds the erasures of customers that are not known to be done.
-- $1 double precision  seconds after which whatever was under way when one was asked for has been recorded
-- Returns: customer_id text, asked_at timestamptz, settled boolean
SELECT e.customer_id, e.asked_at, e.asked_at < now.at - $1::double precision * interval '1 second' AS settled
FROM (SELECT lockstep_now() AS at) AS now, erasures AS e
WHERE e.done_at IS NULL
ORDER BY e.customer_id
