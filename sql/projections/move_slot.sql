-- Moves a slot to its next generation; the caller holds the slot's lock and knows that nothing is stale. The move is not
-- waited for on its way to the disk: whatever is committed after it comes there after it, and `await_moves` waits for all.
-- $1 smallint  slot
-- $2 integer   fold version
-- Returns: moved boolean, waits text
WITH next AS MATERIALIZED (
    SELECT r.slot, r.generation, r.fold_version, r.back, r.push_changes
    FROM rebuilds AS r
    WHERE r.slot = $1 AND r.fold_version = $2 AND r.moved_at IS NULL
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
)
SELECT EXISTS (SELECT FROM moved) AS moved, set_config('synchronous_commit', 'off', true) AS waits
