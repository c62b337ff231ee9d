-- Takes the slots of a batch, as far as no other projector holds them.
-- $1 smallint[]  slots
-- Returns: slot smallint, fold_version integer
SELECT slot, fold_version
FROM slots
WHERE slot = ANY ($1::smallint[])
ORDER BY slot
FOR NO KEY UPDATE SKIP LOCKED
