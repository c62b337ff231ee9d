-- Forgets the rebuild of a slot whose changed cards are in debt.
-- $1 smallint  slot
DELETE FROM rebuilds AS r
WHERE r.slot = $1 AND r.moved_at IS NOT NULL
