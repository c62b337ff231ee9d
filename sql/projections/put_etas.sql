-- Takes the latest delivery time of each order, unless a newer one is there, and gives what it is to be judged by. One
-- that differs from the one before is to be looked at, whatever becomes of the process that took it. Orders that are
-- over or archived take none.
-- $1 smallint[]        slot
-- $2 text[]            order, in key order, each once
-- $3 timestamptz[]     delivery time
-- $4 timestamptz[]     when it was so; one that is ahead counts as now
-- $5 text[]            source
-- $6 double precision  look at it after so many seconds
-- Returns: subject_id text, taken boolean, over boolean, archived boolean, changed_at timestamptz,
--          recorded_delivery_time timestamptz, recorded_of timestamptz, recorded_version bigint,
--          recorded_at timestamptz, state json, heard_at timestamptz, now timestamptz
WITH put AS MATERIALIZED (
    SELECT p.slot, p.subject_id, p.delivery_time, least(p.at, now.at) AS at, p.source, now.at AS now,
           coalesce(v.over, false) AS over, h.archived_at IS NOT NULL AS archived, v.state,
           h.last_recorded_at AS heard_at
    FROM (SELECT lockstep_now() AS at) AS now,
         unnest($1::smallint[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[])
             AS p(slot, subject_id, delivery_time, at, source)
    JOIN slots AS s ON s.slot = p.slot
    LEFT JOIN heads AS h ON h.slot = p.slot AND h.subject_id = p.subject_id
    LEFT JOIN views AS v ON v.slot = p.slot AND v.generation = s.generation AND v.subject_id = p.subject_id
), taken AS (
    INSERT INTO etas AS e (slot, subject_id, delivery_time, at, source, changed_at, due_at)
    SELECT slot, subject_id, delivery_time, at, source, now, now + $6::double precision * interval '1 second'
    FROM put
    WHERE NOT over AND NOT archived
    ORDER BY slot, subject_id
    ON CONFLICT (slot, subject_id) DO UPDATE
        SET delivery_time = excluded.delivery_time,
            at = excluded.at,
            source = excluded.source,
            changed_at = CASE WHEN date_trunc('second', e.delivery_time) = date_trunc('second', excluded.delivery_time)
                              THEN e.changed_at ELSE excluded.changed_at END,
            due_at = CASE WHEN date_trunc('second', e.delivery_time) = date_trunc('second', excluded.delivery_time)
                          THEN e.due_at ELSE least(e.due_at, excluded.due_at) END
        WHERE e.at <= excluded.at
    RETURNING e.subject_id, e.changed_at, e.recorded_delivery_time, e.recorded_of, e.recorded_version, e.recorded_at
)
SELECT p.subject_id, t.subject_id IS NOT NULL AS taken, p.over, p.archived, t.changed_at, t.recorded_delivery_time,
       t.recorded_of, t.recorded_version, t.recorded_at, p.state, p.heard_at, p.now
FROM put AS p
LEFT JOIN taken AS t ON t.subject_id = p.subject_id
