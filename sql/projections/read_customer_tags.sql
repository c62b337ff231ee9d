-- Reads a customer's tags.
-- $1 text  customer id
-- Returns: tags text[]
SELECT t.tags
FROM customer_tags AS t
WHERE t.customer_id = $1
