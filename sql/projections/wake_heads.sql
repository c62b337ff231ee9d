-- Takes back the heads of a slot that were settled although the next generation does not have all of their events: folds
-- that failed, now or in the live generation.
-- $1 smallint  slot
WITH behind AS MATERIALIZED (
    SELECT h.slot, h.subject_id
    FROM rebuilds AS r
    JOIN heads AS h ON h.slot = r.slot
    LEFT JOIN views AS n ON n.slot = r.slot AND n.generation = r.generation AND n.subject_id = h.subject_id
    WHERE r.slot = $1 AND h.settled_at IS NOT NULL AND h.archived_at IS NULL AND h.version > coalesce(n.version, 0)
    ORDER BY h.slot, h.subject_id
    FOR UPDATE OF h SKIP LOCKED
)
UPDATE heads AS h
SET settled_at = NULL
FROM behind AS b
WHERE h.slot = b.slot AND h.subject_id = b.subject_id
