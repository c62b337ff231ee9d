-- Puts cards of some devices in debt that would wait for ever: whatever is planned for them now ends them.
-- $1 smallint[]  slots
-- $2 text[]      device ids
-- Returns: slot smallint, card_id uuid
WITH waiting AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.device_id = ANY ($2::text[]) AND c.phase = 'wanted' AND c.due_at IS NULL
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE
)
UPDATE cards AS c
SET due_at = now.at, debt = c.debt + 1
FROM waiting AS w, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = w.slot AND c.subject_id = w.subject_id AND c.card_id = w.card_id
RETURNING c.slot, c.card_id
