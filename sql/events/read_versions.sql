-- Reads single events of subjects as they are stored, with their keys; those that are not there give no row.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 bigint[]    version
-- Returns: ord bigint, version bigint, source text, event_id text, type text, schema_version smallint, data json,
--          sealed bytea, occurred_at timestamptz, recorded_at timestamptz, trace text, extensions bytea, wrapped bytea,
--          erased boolean
SELECT wanted.ord, e.version, e.source, e.event_id, e.type, e.schema_version, e.data, e.sealed, e.occurred_at,
       e.recorded_at, e.trace, e.extensions, k.wrapped, k.erased_at IS NOT NULL AS erased
FROM unnest($1::smallint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS wanted(slot, subject_id, version, ord)
CROSS JOIN LATERAL (
    SELECT n.version, n.source, n.event_id, n.type, n.schema_version, n.data, n.sealed, n.occurred_at,
           n.recorded_at, n.trace, n.extensions
    FROM events AS n
    WHERE n.slot = wanted.slot AND n.subject_id = wanted.subject_id AND n.version >= wanted.version
    ORDER BY n.version
    LIMIT 1
) AS e
LEFT JOIN subject_keys AS k ON k.slot = wanted.slot AND k.subject_id = wanted.subject_id
WHERE e.version = wanted.version
ORDER BY wanted.ord
