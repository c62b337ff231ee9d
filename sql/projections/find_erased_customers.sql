-- Finds which of some customers are erased, or are to be, and when that was asked for.
-- $1 text[]  customer ids
-- Returns: customer_id text, asked_at timestamptz
SELECT e.customer_id, e.asked_at
FROM erasures AS e
WHERE e.customer_id = ANY ($1::text[])
