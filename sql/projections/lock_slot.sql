-- Waits for every projector of a slot, with the slot's lock and without, and keeps them from it. The move that follows is
-- not waited for on its way to the disk: whatever is committed after it comes there after it, and `await_moves` waits for all.
-- $1 smallint  slot
-- Returns: slot smallint, waits text
SELECT slot, set_config('synchronous_commit', 'off', true) AS waits
FROM slots
WHERE slot = $1
FOR UPDATE
