-- Counts the phones that a customer is signed in on, and their tokens.
-- $1 text  customer id
-- Returns: phones bigint, tokens bigint
SELECT count(DISTINCT d.device_id) AS phones, count(t.device_id) AS tokens
FROM devices AS d
LEFT JOIN push_tokens AS t ON t.device_id = d.device_id
WHERE d.customer_id = $1
