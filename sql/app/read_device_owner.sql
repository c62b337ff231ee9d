-- Reads whose a device is.
-- $1 text  device id
-- Returns: customer_id text, app text, environment text, unreported_starts integer
SELECT customer_id, app, environment, unreported_starts
FROM devices
WHERE device_id = $1
