-- Lists the phones of an app.
-- $1 text  bundle id
-- Returns: device_id text
SELECT d.device_id
FROM devices AS d
WHERE d.app = $1
