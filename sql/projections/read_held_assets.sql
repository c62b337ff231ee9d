-- Reads what apps said of pictures on phones, last.
-- $1 text[]  device ids
-- Returns: device_id text, key text, sha256 text, problem text, dropping boolean
SELECT d.device_id, d.key, d.sha256, d.problem, d.dropping
FROM device_assets AS d
WHERE d.device_id = ANY ($1::text[])
