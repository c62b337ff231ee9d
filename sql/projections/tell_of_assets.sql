-- Puts the next phones in debt whose cards name a key of which the manifest has changed, and moves its cursor, or ends
-- it. A change that comes meanwhile begins anew.
-- $1 bigint  phones at the most
-- Returns: devices bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), changed AS MATERIALIZED (
    SELECT a.key, a.sha256, a.telling_after
    FROM assets AS a
    WHERE a.telling_after IS NOT NULL
    ORDER BY a.key, a.sha256
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), batch AS MATERIALIZED (
    SELECT f.device_id
    FROM changed AS c
    CROSS JOIN LATERAL (
        (SELECT DISTINCT u.device_id FROM asset_uses AS u
         WHERE u.key = c.key AND u.device_id > c.telling_after ORDER BY u.device_id LIMIT $1)
        UNION
        (SELECT DISTINCT h.device_id FROM device_assets AS h
         WHERE h.key = c.key AND h.device_id > c.telling_after ORDER BY h.device_id LIMIT $1)
    ) AS f
    ORDER BY f.device_id
    LIMIT $1
), indebted AS (
    INSERT INTO asset_debts AS d (device_id, due_at)
    SELECT b.device_id, now.at
    FROM batch AS b, now
    ORDER BY b.device_id
    ON CONFLICT (device_id) DO UPDATE SET debt = d.debt + 1, due_at = least(d.due_at, excluded.due_at)
), moved AS (
    UPDATE assets AS a
    SET telling_after = CASE WHEN (SELECT count(*) FROM batch) = $1 THEN (SELECT max(b.device_id) FROM batch AS b) END
    FROM changed AS c
    WHERE a.key = c.key AND a.sha256 = c.sha256
)
SELECT (SELECT count(*) FROM batch) AS devices
FROM changed AS c
