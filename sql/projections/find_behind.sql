-- Finds subjects whose head is ahead of their view, leaving out the quarantined, those whose next event this
-- worker does not read, and slots that another version folds.
-- $1 smallint[]  slots
-- $2 integer     this worker's fold version
-- $3 bigint      at the most so many
-- $4 text[]      what this worker reads: types of events with their versions
-- Returns: slot smallint, subject_id text
SELECT h.slot, h.subject_id
FROM heads AS h
JOIN slots AS s ON s.slot = h.slot
LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
WHERE h.slot = ANY ($1::smallint[])
  AND h.settled_at IS NULL
  AND h.version > coalesce(v.version, 0)
  AND coalesce(s.fold_version, $2) = $2
  AND v.quarantined_at IS NULL
  AND coalesce(v.held_for = ANY ($4::text[]), true)
LIMIT $3
