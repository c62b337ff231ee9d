-- Gives up the way back of slots.
-- $1 smallint[]  slots
UPDATE slots AS s
SET previous_generation = NULL, previous_fold_version = NULL
WHERE s.slot = ANY ($1::smallint[]) AND s.previous_generation IS NOT NULL
