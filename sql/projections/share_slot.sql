-- Keeps a slot from moving until the transaction ends, and reads where it is.
-- $1 smallint  slot
-- Returns: generation smallint, fold_version integer, now timestamptz
SELECT generation, fold_version, lockstep_now() AS now
FROM slots
WHERE slot = $1
FOR KEY SHARE
