-- Names the devices of cards that wait to be started for as long as nothing happens.
-- $1 smallint[]  slots
-- Returns: device_id text
SELECT DISTINCT c.device_id
FROM cards AS c
WHERE c.slot = ANY ($1::smallint[]) AND c.phase = 'wanted' AND c.due_at IS NULL
