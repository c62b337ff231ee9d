-- Finds of subjects the newest version that had taken effect before a time.
-- $1 smallint[]     slot
-- $2 text[]         subject id
-- $3 timestamptz[]  time
-- Returns: ord bigint, version bigint
SELECT w.ord, t.version
FROM unnest($1::smallint[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS w(slot, subject_id, at, ord)
CROSS JOIN LATERAL (
    SELECT max(e.version) AS version
    FROM events AS e
    WHERE e.slot = w.slot AND e.subject_id = w.subject_id AND least(e.occurred_at, e.recorded_at) < w.at
) AS t
WHERE t.version IS NOT NULL
