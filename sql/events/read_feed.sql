-- Reads what follows in the feed of some slots, with the events and their keys. An event that was archived since has no
-- source.
-- $1 smallint[]  slots
-- $2 bigint[]    after these numbers
-- $3 bigint      of each slot at the most so many
-- Returns: slot smallint, position bigint, subject_id text, version bigint, source text, event_id text, type text,
--          schema_version smallint, data json, sealed bytea, occurred_at timestamptz, recorded_at timestamptz,
--          trace text, extensions bytea, wrapped bytea, erased boolean, lost boolean
SELECT f.slot, f.position, f.subject_id, f.version, e.source, e.event_id, e.type, e.schema_version, e.data, e.sealed,
       e.occurred_at, e.recorded_at, e.trace, e.extensions, k.wrapped, k.erased_at IS NOT NULL AS erased,
       octet_length(e.digest) = 0 AS lost
FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS place(slot, after, ord)
CROSS JOIN LATERAL (
    SELECT n.slot, n.position, n.subject_id, n.version
    FROM feed AS n
    WHERE n.slot = place.slot AND n.position > place.after
    ORDER BY n.position
    LIMIT $3
) AS f
LEFT JOIN LATERAL (
    SELECT n.source, n.event_id, n.type, n.schema_version, n.digest, n.data, n.sealed, n.occurred_at, n.recorded_at,
           n.trace, n.extensions
    FROM events AS n
    WHERE n.slot = f.slot AND n.subject_id = f.subject_id AND n.version = f.version
    LIMIT 1
) AS e ON true
LEFT JOIN subject_keys AS k ON k.slot = f.slot AND k.subject_id = f.subject_id
ORDER BY place.ord, f.position
