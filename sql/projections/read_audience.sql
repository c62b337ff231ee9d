-- Reads an audience.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: customers text[], segment text, attributes_type text, begun_at timestamptz, done_at timestamptz,
--          stopped_at timestamptz, over boolean
SELECT a.customers, a.segment, a.attributes_type, a.begun_at, a.done_at, a.stopped_at,
       a.over_at IS NOT NULL OR v.over AS over
FROM audiences AS a
JOIN slots AS s ON s.slot = a.slot
JOIN views AS v ON v.slot = a.slot AND v.generation = s.generation AND v.subject_id = a.subject_id
WHERE a.slot = $1 AND a.subject_id = $2
