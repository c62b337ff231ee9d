-- Lists all keys, the newest first.
-- Returns: key_id text, name text, environment text, scopes text[], created_at timestamptz, expires_at timestamptz,
--          revoked_at timestamptz
SELECT key_id, name, environment, scopes, created_at, expires_at, revoked_at
FROM api_keys
ORDER BY created_at DESC, key_id
