-- Finds which ids of a batch the log has already. Run it after the heads are locked, in a statement of its own.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 text[]      source
-- $4 text[]      event id
-- Returns: ord bigint, version bigint, digest bytea
SELECT wanted.ord, old.version, old.digest
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[])
     WITH ORDINALITY AS wanted(slot, subject_id, source, event_id, ord)
CROSS JOIN LATERAL (
    SELECT e.version, e.digest
    FROM events AS e
    WHERE e.slot = wanted.slot AND e.subject_id = wanted.subject_id
      AND e.source = wanted.source AND e.event_id = wanted.event_id
    LIMIT 1
) AS old
