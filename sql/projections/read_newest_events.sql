-- Reads what happened to a subject last, without what it carries; the newest first.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 bigint    at the most so many
-- Returns: version bigint, type text, schema_version smallint, occurred_at timestamptz, recorded_at timestamptz
SELECT version, type, schema_version, occurred_at, recorded_at
FROM events
WHERE slot = $1 AND subject_id = $2
ORDER BY version DESC
LIMIT $3
