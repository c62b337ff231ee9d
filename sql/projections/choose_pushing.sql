-- Says whether the cards that a rebuild changes are put in debt, for slots that have not gone to their next generation.
-- $1 smallint[]  slots
-- $2 boolean     whether they are
UPDATE rebuilds AS r
SET push_changes = $2
WHERE r.slot = ANY ($1::smallint[]) AND r.moved_at IS NULL
