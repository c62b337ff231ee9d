-- Stops the starts of audiences that are still being looked through.
-- $1 smallint[]  slots
-- Returns: subject_id text
WITH running AS MATERIALIZED (
    SELECT a.slot, a.subject_id
    FROM audiences AS a
    WHERE a.slot = ANY ($1::smallint[]) AND a.done_at IS NULL AND a.stopped_at IS NULL AND a.over_at IS NULL
    ORDER BY a.slot, a.subject_id
    FOR UPDATE OF a
)
UPDATE audiences AS a
SET stopped_at = lockstep_now()
FROM running AS r
WHERE a.slot = r.slot AND a.subject_id = r.subject_id
RETURNING a.subject_id
