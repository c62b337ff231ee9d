-- Gives the open cards of a phone with Android the token that it has now, and puts them in debt that had another; or all,
-- for what was accepted before may not be on the phone any more.
-- $1 smallint[]  slots
-- $2 text        device id
-- $3 bytea       blind index
-- $4 bytea       sealed value
-- $5 boolean     all of them
-- Returns: slot smallint
WITH mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.device_id = $2 AND c.environment = 'fcm' AND c.phase <> 'over'
      AND ($5 OR c.token_hash IS DISTINCT FROM $3)
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE
)
UPDATE cards AS c
SET token_hash = $3,
    token_sealed = $4,
    token_registered_at = CASE WHEN c.token_hash = $3 THEN c.token_registered_at ELSE now.at END,
    accepted_hash = NULL,
    -- what keeps a card from being sent to is about the token of before
    blocked_until = CASE WHEN c.token_hash = $3 THEN c.blocked_until END,
    due_at = least(c.due_at, now.at),
    debt = c.debt + 1
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
RETURNING c.slot
