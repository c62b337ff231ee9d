-- Reads what a key is for and until when it is good.
-- $1 text  key id
-- Returns: name text, expires_at timestamptz
SELECT name, expires_at
FROM api_keys
WHERE key_id = $1
