-- Lists the erasures of customers.
-- $1 timestamptz  asked for at this time or later
-- Returns: customer_id text, asked_at timestamptz, done_at timestamptz
SELECT e.customer_id, e.asked_at, e.done_at
FROM erasures AS e
WHERE e.asked_at >= $1
ORDER BY e.asked_at, e.customer_id
