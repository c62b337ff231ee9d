-- Opens the feed of every slot, if it is not open yet: from now on what happens is numbered, and what happened before.
-- A slot without heads has no before: what comes while it is opened is new.
INSERT INTO feed_slots (slot, swept_to)
SELECT s.slot, CASE WHEN EXISTS (SELECT FROM heads AS h WHERE h.slot = s.slot) THEN '' END
FROM slots AS s
ORDER BY s.slot
ON CONFLICT (slot) DO NOTHING
