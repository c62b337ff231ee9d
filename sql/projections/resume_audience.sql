-- Lets the starts of an audience go on: from the first phone, because some may have come meanwhile; and lets the cards be
-- looked at again that waited.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: resumed boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), resumed AS (
    UPDATE audiences AS a
    SET stopped_at = NULL, done_at = NULL, after = '', turn_at = now.at
    FROM now
    WHERE a.slot = $1 AND a.subject_id = $2 AND a.stopped_at IS NOT NULL
    RETURNING a.slot, a.subject_id
), woken AS (
    INSERT INTO fan_outs (slot, subject_id, raised_at)
    SELECT r.slot, r.subject_id, now.at
    FROM resumed AS r, now
    ON CONFLICT (slot, subject_id) DO UPDATE SET after = NULL
)
SELECT EXISTS (SELECT FROM resumed) AS resumed
FROM audiences AS a
WHERE a.slot = $1 AND a.subject_id = $2
