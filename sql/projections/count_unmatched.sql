-- Counts the orders of a slot that are still to be folded, or whose cards are still to be looked for.
-- $1 smallint  slot
-- Returns: orders bigint
SELECT count(*) AS orders
FROM (SELECT lockstep_now() AS at) AS now, heads AS h
JOIN slots AS s ON s.slot = h.slot
LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
WHERE h.slot = $1 AND h.archived_at IS NULL AND v.quarantined_at IS NULL AND v.held_by_fold IS NULL
  AND (coalesce(v.version, 0) < h.version OR v.match_due_at <= now.at)
