-- Opens the feed of every slot, if it is not open yet: from now on what happens is numbered, and what happened before.
INSERT INTO feed_slots (slot)
SELECT slot
FROM slots
ORDER BY slot
ON CONFLICT (slot) DO NOTHING
