-- Finds a slot of which not all heads have been numbered that were there before its feed was opened.
-- $1 smallint[]  slots
-- Returns: slot smallint
SELECT slot
FROM feed_slots
WHERE slot = ANY ($1::smallint[]) AND swept_to IS NOT NULL
ORDER BY slot
LIMIT 1
