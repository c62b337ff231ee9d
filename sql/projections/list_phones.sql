-- Lists phones that a customer is signed in on, the last one heard of first.
-- $1 text    customer id
-- $2 bigint  at the most so many
-- Returns: device_id text
SELECT device_id
FROM devices
WHERE customer_id = $1 AND forgotten_at IS NULL
ORDER BY confirmed_at DESC, device_id
LIMIT $2
