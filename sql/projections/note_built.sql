-- Notes how far a slot's next generation has been written once.
-- $1 smallint  slot
-- $2 text      up to this subject
UPDATE rebuilds AS r
SET built_to = $2
WHERE r.slot = $1
