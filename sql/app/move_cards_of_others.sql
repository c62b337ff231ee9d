-- Lets the cards that were taken over from another backend, over or not, go with their phone to the id by which it is
-- known now, in debt. Where that has a card of the subject already, they stay.
-- $1 smallint[]  slots
-- $2 text[]      the ids before
-- $3 text        the id now
-- $4 text        the customer who is signed in under it; cards of others stay
-- Returns: slot smallint
-- Raises: 23505 a faster writer has added a card there; look again.
WITH mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.device_id = ANY ($2::text[]) AND c.starter = 'other'
      AND c.customer_id = $4
      AND NOT EXISTS (
          SELECT FROM cards AS o
          WHERE o.slot = c.slot AND o.subject_id = c.subject_id AND o.device_id = $3
            AND o.attributes_type = c.attributes_type
      )
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET device_id = $3,
    due_at = CASE WHEN c.phase = 'over' THEN c.due_at ELSE least(c.due_at, now.at) END,
    debt = c.debt + 1
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
RETURNING c.slot
