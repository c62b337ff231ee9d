-- Reads a subject's events in order, with its wrapped data key.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 bigint    after this version
-- $4 bigint    at the most so many
-- Returns: version bigint, source text, event_id text, type text, schema_version smallint, data json, sealed bytea,
--          occurred_at timestamptz, recorded_at timestamptz, trace text, extensions bytea, wrapped bytea
SELECT e.version, e.source, e.event_id, e.type, e.schema_version, e.data, e.sealed, e.occurred_at, e.recorded_at,
       e.trace, e.extensions, k.wrapped
FROM events AS e
LEFT JOIN subject_keys AS k ON k.slot = e.slot AND k.subject_id = e.subject_id
WHERE e.slot = $1 AND e.subject_id = $2 AND e.version > $3
ORDER BY e.version
LIMIT $4
