-- Notes that the phone has a card no more; one that is over needs no note.
-- $1 smallint[]  slots
-- $2 text        device id
-- $3 uuid        our card id; NULL when the path's id cannot be one
-- $4 text        the path's id: ours, ActivityKit's, or what the app calls the card
-- Returns: slot smallint
UPDATE cards AS c
SET reported_state = CASE WHEN c.reported_state = 'ended' THEN 'ended' ELSE 'dismissed' END,
    reported_at = now.at,
    due_at = least(c.due_at, now.at),
    debt = c.debt + 1
FROM (SELECT lockstep_now() AS at) AS now
WHERE c.slot = ANY ($1::smallint[]) AND c.device_id = $2 AND c.phase <> 'over'
  AND (c.card_id = $3 OR c.activity_id = $4 OR c.reported_id = $4)
RETURNING c.slot
