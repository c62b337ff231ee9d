-- Reads the newest number of each slot of the feed, and which the last leap left out; no row where it is not open.
-- $1 smallint[]  slots
-- Returns: slot smallint, position bigint, leapt_from bigint, leapt_to bigint
SELECT slot, position, leapt_from, leapt_to
FROM feed_slots
WHERE slot = ANY ($1::smallint[])
ORDER BY slot
