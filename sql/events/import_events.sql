-- Writes events that were recorded before, here or in another log, under their versions and times, and takes their heads
-- there; a head that was archived is so no more.
-- Run it once the heads are locked; the versions go on from them.
--  $1 smallint[]    heads: slot
--  $2 text[]        heads: subject id
--  $3 bigint[]      heads: the newest version
--  $4 timestamptz[] heads: when that was recorded
--  $5 smallint[]    events: slot
--  $6 text[]        events: subject id
--  $7 bigint[]      version
--  $8 text[]        source
--  $9 text[]        event id
-- $10 text[]        type
-- $11 smallint[]    schema version
-- $12 bytea[]       digest
-- $13 json[]        data
-- $14 bytea[]       sealed
-- $15 timestamptz[] occurred at
-- $16 timestamptz[] recorded at
-- $17 text[]        trace
-- $18 bytea[]       extensions
WITH moved AS (
    UPDATE heads AS h
    SET version = m.version, last_recorded_at = m.recorded_at, settled_at = NULL, archived_at = NULL, archived_to = NULL,
        archived_customer_id = NULL
    FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::timestamptz[]) AS m(slot, subject_id, version, recorded_at)
    WHERE h.slot = m.slot AND h.subject_id = m.subject_id
)
INSERT INTO events (slot, subject_id, version, source, event_id, type, schema_version, digest, data, sealed,
                    occurred_at, recorded_at, trace, extensions)
SELECT e.slot, e.subject_id, e.version, e.source, e.event_id, e.type, e.schema_version, e.digest, e.data, e.sealed,
       e.occurred_at, e.recorded_at, e.trace, e.extensions
FROM unnest($5::smallint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::smallint[],
            $12::bytea[], $13::json[], $14::bytea[], $15::timestamptz[], $16::timestamptz[], $17::text[],
            $18::bytea[])
     AS e(slot, subject_id, version, source, event_id, type, schema_version, digest, data, sealed, occurred_at,
          recorded_at, trace, extensions)
