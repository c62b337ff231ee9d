-- Reads what happened to subjects after their live views, each event with the view that it is to be folded into.
-- Subjects that are caught up, quarantined, or held for a worker that reads more have no row.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 bigint      events of a subject at the most
-- $4 text[]      what this worker reads: types of events with their versions
-- Returns: ord bigint, generation smallint, view_version bigint, state json, view_sealed bytea, version bigint,
--          source text, event_id text, type text, schema_version smallint, data json, sealed bytea,
--          occurred_at timestamptz, recorded_at timestamptz, trace text, wrapped bytea, held boolean
SELECT wanted.ord, s.generation, coalesce(v.version, 0) AS view_version, v.state, v.sealed AS view_sealed, e.version,
       e.source, e.event_id, e.type, e.schema_version, e.data, e.sealed, e.occurred_at, e.recorded_at, e.trace,
       k.wrapped, v.held_by_fold IS NOT NULL AS held
FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS wanted(slot, subject_id, ord)
JOIN slots AS s ON s.slot = wanted.slot
LEFT JOIN views AS v ON v.slot = wanted.slot AND v.generation = s.generation AND v.subject_id = wanted.subject_id
CROSS JOIN LATERAL (
    SELECT n.version, n.source, n.event_id, n.type, n.schema_version, n.data, n.sealed, n.occurred_at,
           n.recorded_at, n.trace
    FROM events AS n
    WHERE n.slot = wanted.slot AND n.subject_id = wanted.subject_id AND n.version > coalesce(v.version, 0)
    ORDER BY n.version
    LIMIT $3
) AS e
LEFT JOIN subject_keys AS k ON k.slot = wanted.slot AND k.subject_id = wanted.subject_id
WHERE v.quarantined_at IS NULL AND coalesce(v.held_for = ANY ($4::text[]), true)
ORDER BY wanted.ord, e.version
