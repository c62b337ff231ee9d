-- Revokes the key of a session of the console; that of anybody else stays.
-- $1 text  key id
-- Returns: key_id text
UPDATE api_keys
SET revoked_at = coalesce(revoked_at, lockstep_now())
WHERE key_id = $1
  AND of_console
RETURNING key_id
