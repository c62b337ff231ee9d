-- Reads which tokens start which cards on phones.
-- $1 text[]  device ids
-- Returns: device_id text, attributes_type text, token_hash bytea
SELECT device_id, attributes_type, token_hash
FROM start_tokens
WHERE device_id = ANY ($1::text[])
ORDER BY device_id, attributes_type
