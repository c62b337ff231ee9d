-- Puts cards in debt that refer to other pictures than their phones have.
-- $1 smallint[]  slots
-- $2 text[]      subject ids
-- $3 uuid[]      card ids
-- Returns: slot smallint
WITH theirs AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM unnest($1::smallint[], $2::text[], $3::uuid[]) AS w(slot, subject_id, card_id)
    JOIN cards AS c ON c.slot = w.slot AND c.subject_id = w.subject_id AND c.card_id = w.card_id
    WHERE c.phase <> 'over'
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM theirs AS t, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = t.slot AND c.subject_id = t.subject_id AND c.card_id = t.card_id
RETURNING c.slot
