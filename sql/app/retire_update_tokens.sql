-- Retires the update tokens of phones' cards, and puts those in debt.
-- $1 smallint[]  slots
-- $2 text[]      device ids
-- Returns: card_id uuid
WITH mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.device_id = ANY ($2::text[]) AND c.phase <> 'over' AND c.token_hash IS NOT NULL
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE
)
UPDATE cards AS c
SET refused_hash = c.token_hash, due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
RETURNING c.card_id
