-- Counts the subjects that are set aside.
-- $1 smallint[]  slots
-- Returns: quarantined bigint, held bigint
SELECT count(*) FILTER (WHERE v.quarantined_at IS NOT NULL) AS quarantined,
       count(*) FILTER (WHERE v.held_by_fold IS NOT NULL) AS held
FROM views AS v
JOIN slots AS s ON s.slot = v.slot AND s.generation = v.generation
WHERE v.slot = ANY ($1::smallint[]) AND (v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL)
