-- Retires token values that APNs refused, wherever they stand.
-- $1 text[]   app
-- $2 text[]   environment
-- $3 bytea[]  blind index
UPDATE push_tokens AS t
SET refused_at = now.at
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::text[], $2::text[], $3::bytea[]) AS r(app, environment, token_hash)
WHERE t.app = r.app AND t.environment = r.environment AND t.token_hash = r.token_hash AND t.refused_at IS NULL
