-- Stores push tokens that are taken over; one that another phone told of earlier goes to the later. What is here of the
-- same phone stays, with what APNs said of it. Whoever had one is this phone under an earlier id: that one is signed out,
-- and flagged so that its cards are ended.
-- $1 text[]         app
-- $2 text[]         environment
-- $3 bytea[]        blind index
-- $4 bytea[]        sealed value
-- $5 text[]         device id
-- $6 timestamptz[]  when it told of the token
WITH moving AS MATERIALIZED (
    SELECT n.*
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::timestamptz[])
         AS n(app, environment, token_hash, token_sealed, device_id, told_at)
), held AS MATERIALIZED (
    SELECT n.app, n.environment, n.token_hash, n.told_at, t.device_id AS holder, t.registered_at
    FROM moving AS n
    JOIN push_tokens AS t ON t.app = n.app AND t.environment = n.environment AND t.token_hash = n.token_hash
    WHERE t.device_id <> n.device_id
    ORDER BY t.app, t.environment, t.token_hash
    FOR UPDATE OF t
), kept AS MATERIALIZED (
    SELECT h.app, h.environment, h.token_hash
    FROM held AS h
    LEFT JOIN devices AS d ON d.device_id = h.holder
    WHERE h.registered_at >= h.told_at
       OR d.forgotten_at IS NULL AND d.confirmed_at >= h.told_at
          AND (d.alert_token_hash = h.token_hash
               OR EXISTS (SELECT FROM start_tokens AS s WHERE s.device_id = h.holder AND s.token_hash = h.token_hash))
), placed AS (
    INSERT INTO push_tokens AS t (app, environment, token_hash, token_sealed, device_id, registered_at)
    SELECT n.app, n.environment, n.token_hash, n.token_sealed, n.device_id, n.told_at
    FROM moving AS n
    WHERE (n.app, n.environment, n.token_hash) NOT IN (SELECT k.app, k.environment, k.token_hash FROM kept AS k)
    ORDER BY n.app, n.environment, n.token_hash
    ON CONFLICT (app, environment, token_hash) DO UPDATE
        SET token_sealed = excluded.token_sealed,
            device_id = excluded.device_id,
            registered_at = excluded.registered_at,
            refused_at = NULL,
            works_in = NULL,
            blocked_until = NULL
        WHERE t.device_id <> excluded.device_id AND t.registered_at < excluded.registered_at
), earlier AS MATERIALIZED (
    SELECT h.holder, max(h.told_at) AS told_at
    FROM held AS h
    WHERE (h.app, h.environment, h.token_hash) NOT IN (SELECT k.app, k.environment, k.token_hash FROM kept AS k)
    GROUP BY h.holder
    ORDER BY h.holder
)
UPDATE devices AS d
SET customer_id = NULL,
    alert_token_hash = NULL,
    -- by which it is kept until its cards have ended
    forgotten_at = now.at,
    match_due_at = now.at,
    match_count = d.match_count + 1
FROM earlier AS e, (SELECT lockstep_now() AS at) AS now
WHERE d.device_id = e.holder AND greatest(d.confirmed_at, d.forgotten_at) < e.told_at
