-- Puts every card in debt whose last push was recorded and not sent.
-- $1 smallint[]  slots
-- Returns: slot smallint
WITH mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.phase <> 'over' AND c.outcome = 'shadow'
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE
)
UPDATE cards AS c
SET due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
RETURNING c.slot
