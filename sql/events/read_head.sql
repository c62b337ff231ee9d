-- Reads a subject's head.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: version bigint, last_recorded_at timestamptz, archived_at timestamptz,
--          archived_to text
SELECT version, last_recorded_at, archived_at, archived_to
FROM heads
WHERE slot = $1 AND subject_id = $2
