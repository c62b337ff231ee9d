-- Stores push tokens that are taken over; one that another phone told of earlier goes to the later. What is here of the
-- same phone stays, with what APNs said of it.
-- $1 text[]         app
-- $2 text[]         environment
-- $3 bytea[]        blind index
-- $4 bytea[]        sealed value
-- $5 text[]         device id
-- $6 timestamptz[]  when it told of the token
INSERT INTO push_tokens AS t (app, environment, token_hash, token_sealed, device_id, registered_at)
SELECT n.app, n.environment, n.token_hash, n.token_sealed, n.device_id, n.told_at
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::timestamptz[])
     AS n(app, environment, token_hash, token_sealed, device_id, told_at)
ORDER BY n.app, n.environment, n.token_hash
ON CONFLICT (app, environment, token_hash) DO UPDATE
    SET token_sealed = excluded.token_sealed,
        device_id = excluded.device_id,
        registered_at = excluded.registered_at,
        refused_at = NULL,
        works_in = NULL,
        blocked_until = NULL
    WHERE t.device_id <> excluded.device_id AND t.registered_at < excluded.registered_at
