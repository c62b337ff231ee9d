-- Reads a page of a slot's events as they are stored, subject by subject and version by version, with their keys.
-- $1 smallint  slot
-- $2 text      after this subject
-- $3 bigint    and this version of it
-- $4 bigint    at the most so many
-- Returns: subject_id text, version bigint, source text, event_id text, type text, schema_version smallint, data json,
--          sealed bytea, occurred_at timestamptz, recorded_at timestamptz, trace text, extensions bytea, wrapped bytea,
--          erased boolean, lost boolean
SELECT e.subject_id, e.version, e.source, e.event_id, e.type, e.schema_version, e.data, e.sealed, e.occurred_at,
       e.recorded_at, e.trace, e.extensions, k.wrapped, k.erased_at IS NOT NULL AS erased,
       octet_length(e.digest) = 0 AS lost
FROM (
    SELECT n.slot, n.subject_id, n.version, n.source, n.event_id, n.type, n.schema_version, n.digest, n.data,
           n.sealed, n.occurred_at, n.recorded_at, n.trace, n.extensions
    FROM events AS n
    WHERE n.slot = $1 AND (n.subject_id, n.version) > ($2, $3)
    ORDER BY n.subject_id, n.version
    LIMIT $4
) AS e
LEFT JOIN subject_keys AS k ON k.slot = e.slot AND k.subject_id = e.subject_id
ORDER BY e.subject_id, e.version
