-- Makes a rebuild take its page again if that page still sees what is removed now; the caller holds the slot's lock.
-- $1 smallint  slot
UPDATE rebuilds
SET built_to = built_to
WHERE slot = $1
