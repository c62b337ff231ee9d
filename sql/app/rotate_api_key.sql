-- Makes the successor of a key that is good and has none yet, with the same name, environment, scopes and length of life,
-- and gives the old one an end.
-- $1 text              key id of the old one
-- $2 text              key id of the new one
-- $3 bytea             hash of the new one
-- $4 double precision  seconds for which the old one stays good, at the most
-- $5 timestamptz       when the new one ends; NULL: after as long as the old one was made for
-- Returns: key_id text, name text, environment text, scopes text[], created_at timestamptz, expires_at timestamptz,
--          revoked_at timestamptz, last_used_at timestamptz, replaced_by text, good boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
),
old AS MATERIALIZED (
    SELECT k.key_id, k.name, k.environment, k.scopes, k.expires_at - k.created_at AS lifetime
    FROM api_keys AS k, now
    WHERE k.key_id = $1
      AND k.revoked_at IS NULL
      AND k.replaced_by IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now.at)
    FOR UPDATE OF k
),
ended AS (
    UPDATE api_keys AS k
    SET replaced_by = $2,
        expires_at = least(k.expires_at, now.at + $4 * interval '1 second')
    FROM old, now
    WHERE k.key_id = old.key_id
)
INSERT INTO api_keys AS k (key_id, hash, name, environment, scopes, created_at, expires_at)
SELECT $2, $3, old.name, old.environment, old.scopes, now.at, coalesce($5, now.at + old.lifetime)
FROM old, now
RETURNING key_id, name, environment, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by,
          true AS good
