-- Reads a subject's head.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: version bigint, last_recorded_at timestamptz, archived boolean
SELECT version, last_recorded_at, archived_at IS NOT NULL AS archived
FROM heads
WHERE slot = $1 AND subject_id = $2
