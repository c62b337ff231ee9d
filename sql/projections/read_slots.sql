-- Reads slots whose lock somebody holds for too long, and keeps them from going to another generation meanwhile; those
-- that are on their way there are left out.
-- $1 smallint[]  slots
-- Returns: slot smallint, fold_version integer
SELECT slot, fold_version
FROM slots
WHERE slot = ANY ($1::smallint[])
ORDER BY slot
FOR KEY SHARE SKIP LOCKED
