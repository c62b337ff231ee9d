-- Notes that apps are told to delete versions of pictures: no card refers to these from now on, unless an app says anew
-- that it has one.
-- $1 text[]  device ids
-- $2 text[]  keys
-- $3 text[]  hashes
UPDATE device_assets AS d
SET dropping = true
FROM unnest($1::text[], $2::text[], $3::text[]) AS t(device_id, key, sha256)
WHERE d.device_id = t.device_id AND d.key = t.key AND d.sha256 = t.sha256
