-- Finds whose push tokens are, and since when.
-- $1 text[]   app
-- $2 text[]   environment
-- $3 bytea[]  blind index
-- Returns: app text, environment text, token_hash bytea, device_id text, registered_at timestamptz
SELECT t.app, t.environment, t.token_hash, t.device_id, t.registered_at
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS w(app, environment, token_hash)
JOIN push_tokens AS t ON t.app = w.app AND t.environment = w.environment AND t.token_hash = w.token_hash
