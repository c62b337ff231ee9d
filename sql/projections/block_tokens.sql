-- Lets nothing be sent to token values for a while.
-- $1 text[]              app
-- $2 text[]              environment that they were reported for
-- $3 bytea[]             blind index
-- $4 double precision[]  seconds
UPDATE push_tokens AS t
SET blocked_until = greatest(t.blocked_until, now.at + b.seconds * interval '1 second')
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::text[], $2::text[], $3::bytea[], $4::double precision[]) AS b(app, environment, token_hash, seconds)
WHERE t.app = b.app AND t.environment = b.environment AND t.token_hash = b.token_hash
