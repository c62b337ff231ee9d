-- Gives push tokens that another key has sealed, in the order of their keys.
-- $1 bytea   what begins everything that the newest key sealed
-- $2 text    app, and with $3 and $4 the last one that was looked at
-- $3 text    environment
-- $4 bytea   hash of the token
-- $5 bigint  at the most so many
-- Returns: app text, environment text, token_hash bytea, token_sealed bytea
SELECT app, environment, token_hash, token_sealed
FROM push_tokens
WHERE (app, environment, token_hash) > ($2, $3, $4)
  AND substring(token_sealed FROM 1 FOR length($1::bytea)) <> $1::bytea
ORDER BY app, environment, token_hash
LIMIT $5
