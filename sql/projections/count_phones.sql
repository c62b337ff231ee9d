-- Counts the phones that a customer is signed in on.
-- $1 text  customer id
-- Returns: phones bigint
SELECT count(*) AS phones
FROM devices
WHERE customer_id = $1 AND forgotten_at IS NULL
