-- Finds the phones on which customers are signed in.
-- $1 text[]  customer ids
-- Returns: device_id text, customer_id text, app text, environment text
SELECT device_id, customer_id, app, environment
FROM devices
WHERE customer_id = ANY ($1::text[]) AND forgotten_at IS NULL
