-- Reads whose a device is.
-- $1 text  device id
-- Returns: customer_id text, app text, environment text, forgotten boolean
SELECT customer_id, app, environment, forgotten_at IS NOT NULL AS forgotten
FROM devices
WHERE device_id = $1
