-- Notes how far the heads of a slot have been numbered that were there before its feed was opened.
-- $1 smallint  slot
-- $2 text      to this subject; NULL: all of them
UPDATE feed_slots
SET swept_to = $2
WHERE slot = $1
