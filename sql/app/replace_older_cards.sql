-- Marks the older generations of a card that is on the phone as replaced, and puts them in debt: in bulk, for a crowd's
-- are replaced within minutes of one another, and what is newest is on the phone.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 uuid      the card that is on the phone
WITH newest AS (
    SELECT c.device_id, c.attributes_type, c.generation
    FROM cards AS c
    WHERE c.slot = $1 AND c.subject_id = $2 AND c.card_id = $3
      AND c.reported_state = 'active'
), older AS MATERIALIZED (
    SELECT c.card_id
    FROM cards AS c
    JOIN newest AS n ON n.device_id = c.device_id AND n.attributes_type = c.attributes_type
    WHERE c.slot = $1 AND c.subject_id = $2 AND c.generation < n.generation
      AND c.phase <> 'over' AND c.replaced_at IS NULL
    ORDER BY c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET replaced_at = now.at, due_at = least(c.due_at, now.at), debt = c.debt + 1, lane = 1
FROM older AS o, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = $1 AND c.subject_id = $2 AND c.card_id = o.card_id
