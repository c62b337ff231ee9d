-- Remembers in which environment APNs takes token values, where that is not the one that they were reported for.
-- $1 text[]   app
-- $2 text[]   environment that they were reported for
-- $3 bytea[]  blind index
-- $4 text[]   environment that took a push
UPDATE push_tokens AS t
SET works_in = p.works_in
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) AS p(app, environment, token_hash, works_in)
WHERE t.app = p.app AND t.environment = p.environment AND t.token_hash = p.token_hash
