-- Finds the slots in which there is anything.
-- $1 smallint[]  slots
-- Returns: slot smallint
SELECT s.slot
FROM slots AS s
WHERE s.slot = ANY ($1::smallint[])
  AND (EXISTS (SELECT FROM heads AS h WHERE h.slot = s.slot) OR EXISTS (SELECT FROM views AS v WHERE v.slot = s.slot))
ORDER BY s.slot
