-- Notes what became of delivery times that are locked: when each is to be looked at next, and what became an event;
-- those that are not to be looked at any more go.
-- $1 smallint[]     slot
-- $2 text[]         order
-- $3 timestamptz[]  when to look next; NULL: never
-- $4 bigint[]       the version of the event that was made of it; NULL: none was
-- $5 timestamptz[]  when that was recorded
WITH settled AS MATERIALIZED (
    SELECT s.slot, s.subject_id, s.due_at, s.version, s.recorded_at
    FROM unnest($1::smallint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::timestamptz[])
             AS s(slot, subject_id, due_at, version, recorded_at)
), gone AS (
    DELETE FROM etas AS e
    USING settled AS s
    WHERE e.slot = s.slot AND e.subject_id = s.subject_id AND s.due_at IS NULL
)
UPDATE etas AS e
SET due_at = s.due_at,
    recorded_delivery_time = CASE WHEN s.version IS NULL THEN e.recorded_delivery_time ELSE e.delivery_time END,
    recorded_of = CASE WHEN s.version IS NULL THEN e.recorded_of ELSE e.at END,
    recorded_version = coalesce(s.version, e.recorded_version),
    recorded_at = coalesce(s.recorded_at, e.recorded_at)
FROM settled AS s
WHERE e.slot = s.slot AND e.subject_id = s.subject_id AND s.due_at IS NOT NULL
