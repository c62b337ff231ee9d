-- Waits until all that was committed before is on the disk: a commit that waits takes with it those that did not.
-- Returns: at pg_lsn
SELECT pg_logical_emit_message(true, 'lockstep', 'moved') AS at
