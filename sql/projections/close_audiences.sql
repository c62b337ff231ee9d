-- Closes audiences of subjects that are over: phones that come later need not be compared with them.
-- $1 smallint[]  slots
WITH ended AS MATERIALIZED (
    SELECT a.slot, a.subject_id
    FROM audiences AS a
    JOIN slots AS s ON s.slot = a.slot
    JOIN views AS v ON v.slot = a.slot AND v.generation = s.generation AND v.subject_id = a.subject_id
    WHERE a.slot = ANY ($1::smallint[]) AND a.over_at IS NULL AND v.over
    ORDER BY a.slot, a.subject_id
    FOR UPDATE OF a
)
UPDATE audiences AS a
SET over_at = lockstep_now()
FROM ended AS e
WHERE a.slot = e.slot AND a.subject_id = e.subject_id
