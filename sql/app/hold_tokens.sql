-- Locks token values, after storing those that nobody has for a device, and gives whoever has them now. What is there
-- keeps its time of registration, and what APNs said of it.
-- $1 text      app
-- $2 text      environment
-- $3 text      device id
-- $4 bytea[]   blind indexes, in order
-- $5 bytea[]   sealed values
-- Returns: device_id text
INSERT INTO push_tokens AS t (app, environment, token_hash, token_sealed, device_id, registered_at)
SELECT $1, $2, n.token_hash, n.token_sealed, $3, now.at
FROM (SELECT lockstep_now() AS at) AS now, unnest($4::bytea[], $5::bytea[]) AS n(token_hash, token_sealed)
ON CONFLICT (app, environment, token_hash) DO UPDATE
    SET token_sealed = excluded.token_sealed
RETURNING t.device_id
