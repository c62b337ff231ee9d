-- Takes the locks of slots that no projector has at this moment, and waits for none.
-- $1 smallint[]  slots
-- Returns: slot smallint
SELECT s.slot
FROM slots AS s
WHERE s.slot = ANY ($1::smallint[])
ORDER BY s.slot
FOR UPDATE SKIP LOCKED
