-- Reads how far the facts of slots are numbered; a slot without facts is missing.
-- $1 smallint[]  slots
-- Returns: slot smallint, position bigint
SELECT s.slot, s.position
FROM card_fact_slots AS s
WHERE s.slot = ANY ($1::smallint[])
