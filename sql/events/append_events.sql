-- Appends a batch of events whose ids are new to their subjects, none of them archived; all or none.
-- The heads come in key order, so that no two appenders deadlock; their row locks make the versions dense.
--  $1 smallint[]    heads: slot
--  $2 text[]        heads: subject id
--  $3 bigint[]      heads: number of events added
--  $4 integer[]     events: position of the head in $1, from 1
--  $5 bigint[]      events: how many events of the same subject come after this one
--  $6 text[]        source
--  $7 text[]        event id
--  $8 text[]        type
--  $9 smallint[]    schema version
-- $10 bytea[]       digest
-- $11 json[]        data
-- $12 bytea[]       sealed
-- $13 timestamptz[] occurred at
-- $14 text[]        trace
-- $15 bytea[]       extensions
-- Returns: head integer, version bigint, recorded_at timestamptz
-- Raises: 23505 an id is there already; 23502 a subject is archived; 40P01 deadlock.
WITH added AS (
    SELECT a.slot, a.subject_id, a.added, a.head, n.now
    FROM (SELECT lockstep_now() AS now) AS n,
         unnest($1::smallint[], $2::text[], $3::bigint[])
             WITH ORDINALITY AS a(slot, subject_id, added, head)
), moved AS (
    INSERT INTO heads AS h (slot, subject_id, version, last_recorded_at)
    SELECT slot, subject_id, added, now
    FROM added
    ORDER BY head
    ON CONFLICT (slot, subject_id) DO UPDATE
        SET version = CASE WHEN h.archived_at IS NULL THEN h.version + excluded.version END,
            last_recorded_at = greatest(h.last_recorded_at, excluded.last_recorded_at),
            settled_at = NULL
    RETURNING slot, subject_id, version, last_recorded_at
), numbered AS MATERIALIZED (
    SELECT m.slot, m.subject_id, m.version, m.last_recorded_at, a.head
    FROM moved AS m
    JOIN added AS a USING (slot, subject_id)
), inserted AS (
    INSERT INTO events (slot, subject_id, version, source, event_id, type, schema_version, digest, data,
                        sealed, occurred_at, recorded_at, trace, extensions)
    SELECT m.slot, m.subject_id, m.version - e.after, e.source, e.event_id, e.type, e.schema_version, e.digest,
           e.data, e.sealed, e.occurred_at, m.last_recorded_at, e.trace, e.extensions
    FROM unnest($4::integer[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::smallint[],
                $10::bytea[], $11::json[], $12::bytea[], $13::timestamptz[], $14::text[], $15::bytea[])
         AS e(head, after, source, event_id, type, schema_version, digest, data, sealed, occurred_at, trace,
              extensions)
    JOIN numbered AS m ON m.head = e.head
)
SELECT head::integer, version, last_recorded_at AS recorded_at
FROM numbered
