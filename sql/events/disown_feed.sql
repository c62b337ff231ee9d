-- Forgets in which history of the database the feed was numbered, so that its numbers leap with the next event.
UPDATE feed_slots
SET origin = NULL
WHERE slot BETWEEN 0 AND 255
