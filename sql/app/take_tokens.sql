-- Gives token values to a device: the latest registration takes a value from whoever had it.
-- A value that the device has already keeps its time of registration, and what APNs said of it.
-- Whoever had a value is this phone under an earlier id: that one is signed out, and flagged so that its cards are ended.
-- $1 text      app
-- $2 text      environment
-- $3 text      device id
-- $4 bytea[]   blind indexes, in order
-- $5 bytea[]   sealed values
WITH earlier AS (
    SELECT DISTINCT t.device_id
    FROM push_tokens AS t
    WHERE t.app = $1 AND t.environment = $2 AND t.token_hash = ANY ($4::bytea[]) AND t.device_id <> $3
), signed_out AS (
    UPDATE devices AS d
    SET customer_id = NULL,
        alert_token_sealed = NULL,
        forgotten_at = now.at,
        match_due_at = now.at,
        match_count = d.match_count + 1
    FROM earlier AS e, (SELECT lockstep_now() AS at) AS now
    WHERE d.device_id = e.device_id
)
INSERT INTO push_tokens AS t (app, environment, token_hash, token_sealed, device_id, registered_at)
SELECT $1, $2, n.token_hash, n.token_sealed, $3, now.at
FROM (SELECT lockstep_now() AS at) AS now, unnest($4::bytea[], $5::bytea[]) AS n(token_hash, token_sealed)
ON CONFLICT (app, environment, token_hash) DO UPDATE
    SET device_id = excluded.device_id,
        token_sealed = excluded.token_sealed,
        registered_at = CASE WHEN t.device_id = excluded.device_id THEN t.registered_at ELSE excluded.registered_at END,
        refused_at = CASE WHEN t.device_id = excluded.device_id THEN t.refused_at END
