-- Locks heads, archived or not, whose subjects are in a file; one that is not known has no row.
-- $1 smallint  slot
-- $2 text[]    subject ids
-- Returns: subject_id text, version bigint, last_recorded_at timestamptz, archived_at timestamptz,
--          archived_to text
SELECT subject_id, version, last_recorded_at, archived_at, archived_to
FROM heads
WHERE slot = $1 AND subject_id = ANY ($2::text[])
ORDER BY subject_id
FOR NO KEY UPDATE
