-- Stops the starts of an audience; those that were stopped before stay so.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: stopped_at timestamptz
UPDATE audiences AS a
SET stopped_at = coalesce(a.stopped_at, lockstep_now())
WHERE a.slot = $1 AND a.subject_id = $2
RETURNING a.stopped_at
