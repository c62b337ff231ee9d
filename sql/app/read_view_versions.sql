-- Reads the versions of subjects' live views; 0 for a subject without one.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: subject_id text, version bigint
SELECT wanted.subject_id, coalesce(v.version, 0) AS version
FROM unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN slots AS s ON s.slot = wanted.slot
LEFT JOIN views AS v ON v.slot = wanted.slot AND v.generation = s.generation AND v.subject_id = wanted.subject_id
