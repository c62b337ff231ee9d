-- Puts every card of these devices that is not over in debt, because who should see it may have changed. One that was
-- not started yet will be started where its phone is now.
-- $1 smallint[]  slots
-- $2 text[]      device ids
-- $3 text[]      the environment of each
-- Returns: slot smallint
WITH mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id, d.environment
    FROM unnest($2::text[], $3::text[]) AS d(device_id, environment)
    JOIN cards AS c ON c.device_id = d.device_id
    WHERE c.slot = ANY ($1::smallint[]) AND c.phase <> 'over'
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
), woken AS (
    UPDATE cards AS c
    SET due_at = least(c.due_at, now.at),
        debt = c.debt + 1,
        environment = CASE WHEN c.phase = 'wanted' THEN m.environment ELSE c.environment END
    FROM mine AS m, (SELECT lockstep_now() AS at) AS now
    WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
    RETURNING c.slot
)
SELECT DISTINCT slot
FROM woken
