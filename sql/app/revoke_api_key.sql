-- Revokes a key; the first revocation's time stands.
-- $1 text  key id
-- Returns: key_id text
UPDATE api_keys
SET revoked_at = coalesce(revoked_at, lockstep_now())
WHERE key_id = $1
RETURNING key_id
