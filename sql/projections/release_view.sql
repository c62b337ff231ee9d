-- Lets a quarantined subject be folded again, and wakes its head.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: released boolean
WITH released AS (
    UPDATE views AS v
    SET quarantined_at = NULL, error = NULL, held_for = NULL, held_by_fold = NULL
    FROM slots AS s
    WHERE v.slot = $1 AND s.slot = $1 AND v.generation = s.generation AND v.subject_id = $2
      AND (v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL)
    RETURNING v.slot
), woken AS (
    UPDATE heads AS h
    SET settled_at = NULL
    WHERE h.slot = $1 AND h.subject_id = $2 AND EXISTS (SELECT FROM released)
)
SELECT EXISTS (SELECT FROM released) AS released
