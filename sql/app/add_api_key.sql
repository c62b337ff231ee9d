-- Adds a key.
-- $1 text         key id
-- $2 bytea        hash
-- $3 text         name
-- $4 text         environment
-- $5 text[]       scopes
-- $6 timestamptz  expires at, or NULL
-- Returns: key_id text, name text, environment text, scopes text[], created_at timestamptz, expires_at timestamptz,
--          revoked_at timestamptz, last_used_at timestamptz, replaced_by text, good boolean
INSERT INTO api_keys (key_id, hash, name, environment, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, lockstep_now(), $6)
RETURNING key_id, name, environment, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by,
          true AS good
