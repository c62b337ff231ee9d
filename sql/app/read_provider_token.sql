-- Reads the current token of an Apple key.
-- $1 text  team id
-- $2 text  key id
-- Returns: sealed bytea, issued_at timestamptz
SELECT sealed, issued_at
FROM provider_tokens
WHERE team_id = $1 AND key_id = $2
