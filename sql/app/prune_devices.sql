-- Deletes phones, with their tokens, that were signed out a day ago or longer: by then no card of theirs is left that
-- could be ended.
-- $1 bigint  at the most so many
-- Returns: pruned bigint
WITH old AS MATERIALIZED (
    SELECT d.device_id
    FROM (SELECT lockstep_now() AS at) AS now, devices AS d
    WHERE d.forgotten_at < now.at - interval '1 day' AND d.match_due_at IS NULL
    ORDER BY d.device_id
    LIMIT $1
    FOR UPDATE OF d SKIP LOCKED
), starts AS (
    DELETE FROM start_tokens AS t
    USING old AS o
    WHERE t.device_id = o.device_id
), tokens AS (
    DELETE FROM push_tokens AS t
    USING old AS o
    WHERE t.device_id = o.device_id
), uses AS (
    DELETE FROM asset_uses AS u
    USING old AS o
    WHERE u.device_id = o.device_id
), assets AS (
    DELETE FROM device_assets AS a
    USING old AS o
    WHERE a.device_id = o.device_id
), debts AS (
    DELETE FROM asset_debts AS b
    USING old AS o
    WHERE b.device_id = o.device_id
), pruned AS (
    DELETE FROM devices AS d
    USING old AS o
    WHERE d.device_id = o.device_id
    RETURNING d.device_id
)
SELECT count(*) AS pruned
FROM pruned
