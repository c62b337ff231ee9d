-- Seals push tokens anew, each only if it is as it was read.
-- $1 text[]   apps
-- $2 text[]   environments
-- $3 bytea[]  hashes
-- $4 bytea[]  as they were read
-- $5 bytea[]  sealed anew
-- Returns: token_hash bytea
WITH mine AS MATERIALIZED (
    SELECT t.app, t.environment, t.token_hash, n.anew
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
         AS n(app, environment, token_hash, sealed, anew)
    JOIN push_tokens AS t USING (app, environment, token_hash)
    WHERE t.token_sealed = n.sealed
    ORDER BY t.app, t.environment, t.token_hash
    FOR UPDATE OF t
)
UPDATE push_tokens AS t
SET token_sealed = m.anew
FROM mine AS m
WHERE t.app = m.app
  AND t.environment = m.environment
  AND t.token_hash = m.token_hash
RETURNING t.token_hash
