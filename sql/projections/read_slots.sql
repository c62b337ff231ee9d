-- Reads slots without taking them.
-- $1 smallint[]  slots
-- Returns: slot smallint, fold_version integer
SELECT slot, fold_version
FROM slots
WHERE slot = ANY ($1::smallint[])
