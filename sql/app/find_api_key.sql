-- Finds a key that is good now.
-- $1 text  key id
-- Returns: hash bytea, scopes text[], seconds_left double precision
SELECT hash, scopes, extract(epoch FROM expires_at - lockstep_now())::double precision AS seconds_left
FROM api_keys
WHERE key_id = $1
  AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > lockstep_now())
