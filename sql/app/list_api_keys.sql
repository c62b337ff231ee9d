-- Lists all keys, the newest first.
-- Returns: key_id text, name text, environment text, scopes text[], created_at timestamptz, expires_at timestamptz,
--          revoked_at timestamptz, last_used_at timestamptz, replaced_by text, good boolean
SELECT key_id, name, environment, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by,
       revoked_at IS NULL AND (expires_at IS NULL OR expires_at > lockstep_now()) AS good
FROM api_keys
ORDER BY created_at DESC, key_id
