-- Reads a page of the events of some subjects of a slot with every column, subject by subject and version by version.
-- $1 smallint  slot
-- $2 text      after this subject
-- $3 bigint    and this version of it
-- $4 text[]    subject ids
-- $5 bigint    at the most so many
-- Returns: subject_id text, version bigint, source text, event_id text, type text, schema_version smallint,
--          digest bytea, data json, sealed bytea, occurred_at timestamptz, recorded_at timestamptz, trace text,
--          extensions bytea
SELECT subject_id, version, source, event_id, type, schema_version, digest, data, sealed, occurred_at, recorded_at,
       trace, extensions
FROM events
WHERE slot = $1 AND subject_id = ANY ($4::text[]) AND (subject_id, version) > ($2, $3)
ORDER BY subject_id, version
LIMIT $5
