-- Names those of some devices that there are none of.
-- $1 text[]  device ids
-- Returns: device_id text
SELECT wanted.device_id
FROM unnest($1::text[]) AS wanted(device_id)
WHERE NOT EXISTS (SELECT FROM devices AS d WHERE d.device_id = wanted.device_id)
