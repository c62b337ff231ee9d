-- Reads which fold version made the live views of a slot; NULL: none has yet.
-- $1 smallint  slot
-- Returns: fold_version integer
SELECT fold_version
FROM slots
WHERE slot = $1
