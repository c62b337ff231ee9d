-- Reads the push tokens of phones that serve.
-- $1 text[]  device ids
-- Returns: device_id text, app text, environment text, token_hash bytea, token_sealed bytea
SELECT device_id, app, environment, token_hash, token_sealed
FROM push_tokens
WHERE device_id = ANY ($1::text[]) AND refused_at IS NULL
