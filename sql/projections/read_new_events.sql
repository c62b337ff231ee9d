-- Reads what happened to subjects after the versions of their views, with their wrapped data keys.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 bigint[]    after this version
-- $4 bigint      at the most so many a subject
-- Returns: ord bigint, version bigint, source text, event_id text, type text, schema_version smallint, data json,
--          sealed bytea, occurred_at timestamptz, recorded_at timestamptz, trace text, wrapped bytea
SELECT wanted.ord, e.version, e.source, e.event_id, e.type, e.schema_version, e.data, e.sealed, e.occurred_at,
       e.recorded_at, e.trace, k.wrapped
FROM unnest($1::smallint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS wanted(slot, subject_id, after, ord)
CROSS JOIN LATERAL (
    SELECT n.version, n.source, n.event_id, n.type, n.schema_version, n.data, n.sealed, n.occurred_at,
           n.recorded_at, n.trace
    FROM events AS n
    WHERE n.slot = wanted.slot AND n.subject_id = wanted.subject_id AND n.version > wanted.after
    ORDER BY n.version
    LIMIT $4
) AS e
LEFT JOIN subject_keys AS k ON k.slot = wanted.slot AND k.subject_id = wanted.subject_id
ORDER BY wanted.ord, e.version
