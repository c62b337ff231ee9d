-- Says by which fold the slots of a new installation are folded.
-- $1 integer  fold version
UPDATE slots
SET fold_version = $1
WHERE slot BETWEEN 0 AND 255 AND fold_version IS NULL
