-- Has all heads looked at again, one by one, for events that were not numbered; there must be none.
-- $1 smallint[]  slots
UPDATE feed_slots
SET swept_to = ''
WHERE slot = ANY ($1::smallint[]) AND swept_to IS NULL
