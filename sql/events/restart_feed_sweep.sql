-- Has all heads looked at again, one by one, for events that were not numbered; there must be none.
-- $1 smallint[]  slots
UPDATE feed_slots AS f
SET swept_to = ''
WHERE f.slot = ANY ($1::smallint[]) AND f.swept_to IS NULL
  AND EXISTS (SELECT FROM heads AS h WHERE h.slot = f.slot)
