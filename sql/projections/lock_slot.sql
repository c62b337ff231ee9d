-- Waits for every projector of a slot, with the slot's lock and without, and keeps them from it.
-- $1 smallint  slot
-- Returns: slot smallint
SELECT slot
FROM slots
WHERE slot = $1
FOR UPDATE
