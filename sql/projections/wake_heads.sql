-- Takes back the heads of a slot that were settled although the next generation does not have all of their events,
-- because a fold failed there, or in the live one: so that whoever can fold them finds them.
-- $1 smallint  slot
WITH behind AS MATERIALIZED (
    SELECT h.slot, h.subject_id
    FROM rebuilds AS r
    JOIN heads AS h ON h.slot = r.slot
    LEFT JOIN LATERAL (
        SELECT v.version
        FROM views AS v
        WHERE v.slot = r.slot AND v.generation = r.generation AND v.subject_id = h.subject_id
        LIMIT 1 -- found by all of the key, whatever is known of a new generation
    ) AS n ON true
    WHERE r.slot = $1 AND h.settled_at IS NOT NULL AND h.archived_at IS NULL AND h.version > coalesce(n.version, 0)
    ORDER BY h.slot, h.subject_id
    FOR UPDATE OF h SKIP LOCKED
)
UPDATE heads AS h
SET settled_at = NULL
FROM behind AS b
WHERE h.slot = b.slot AND h.subject_id = b.subject_id
