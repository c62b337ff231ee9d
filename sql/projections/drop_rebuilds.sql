-- Forgets rebuilds whose generation no slot has gone to; what they wrote is left to `drop_generations`.
-- $1 smallint[]  slots
DELETE FROM rebuilds AS r
WHERE r.slot = ANY ($1::smallint[]) AND r.moved_at IS NULL
