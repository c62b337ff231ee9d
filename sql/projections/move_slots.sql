-- Moves slots to their next generation; the caller holds their locks and knows that nothing is stale. The move is not
-- waited for on its way to the disk: whatever is committed after it comes there after it, and `await_moves` waits for all.
-- Heads are taken back that were settled although a fold failed in the next generation: so that whoever can fold their
-- events finds them.
-- $1 smallint[]  slots
-- $2 integer     fold version
-- Returns: moved bigint, waits text
WITH next AS MATERIALIZED (
    SELECT r.slot, r.generation, r.fold_version, r.back, r.push_changes
    FROM rebuilds AS r
    WHERE r.slot = ANY ($1::smallint[]) AND r.fold_version = $2 AND r.moved_at IS NULL
    ORDER BY r.slot
    FOR UPDATE
), moved AS (
    UPDATE slots AS s
    SET generation = n.generation,
        fold_version = n.fold_version,
        previous_generation = CASE WHEN n.back THEN NULL ELSE s.generation END,
        previous_fold_version = CASE WHEN n.back THEN NULL ELSE s.fold_version END
    FROM next AS n
    WHERE s.slot = n.slot
    RETURNING s.slot
), owing AS (
    UPDATE rebuilds AS r
    SET moved_at = lockstep_now()
    FROM next AS n
    WHERE r.slot = n.slot AND n.push_changes
), done AS (
    DELETE FROM rebuilds AS r
    USING next AS n
    WHERE r.slot = n.slot AND NOT n.push_changes
), behind AS MATERIALIZED (
    SELECT h.slot, h.subject_id
    FROM next AS n
    JOIN views AS v ON v.slot = n.slot AND v.generation = n.generation
    JOIN heads AS h ON h.slot = v.slot AND h.subject_id = v.subject_id
    WHERE v.slot = ANY ($1::smallint[]) AND (v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL)
      AND h.settled_at IS NOT NULL AND h.archived_at IS NULL AND h.version > v.version
    ORDER BY h.slot, h.subject_id
    FOR UPDATE OF h SKIP LOCKED
), woken AS (
    UPDATE heads AS h
    SET settled_at = NULL
    FROM behind AS b
    WHERE h.slot = b.slot AND h.subject_id = b.subject_id
)
SELECT (SELECT count(*) FROM moved) AS moved, set_config('synchronous_commit', 'off', true) AS waits
