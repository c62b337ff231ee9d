-- Archives: where an archived order went, and which orders are finished, so that they may go.

ALTER TABLE heads
    ADD COLUMN archived_to text; -- the name of a file

-- Over, folded and settled; nothing is the matter with it, no card of it is open, owing or leased, and the feed, where it
-- is open, has all of it.
CREATE VIEW finished AS
SELECT h.slot, h.subject_id, h.version, h.last_recorded_at, s.fold_version, v.state, v.sealed, v.fingerprint
FROM heads AS h
JOIN slots AS s ON s.slot = h.slot
JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
WHERE h.settled_at IS NOT NULL
  AND h.archived_at IS NULL
  AND v.version = h.version
  AND v.over
  AND v.quarantined_at IS NULL
  AND v.held_by_fold IS NULL
  AND v.match_due_at IS NULL
  AND NOT EXISTS (
      SELECT FROM cards AS c
      WHERE c.slot = h.slot AND c.subject_id = h.subject_id
        AND (c.phase <> 'over' OR c.due_at IS NOT NULL OR c.leased_at IS NOT NULL)
  )
  AND NOT EXISTS (SELECT FROM fan_outs AS o WHERE o.slot = h.slot AND o.subject_id = h.subject_id)
  AND (NOT EXISTS (SELECT FROM feed_slots AS o WHERE o.slot = h.slot) OR EXISTS (
      SELECT FROM feed AS f
      WHERE f.slot = h.slot AND f.subject_id = h.subject_id AND f.version = h.version
  ));
