-- Finds those subjects whose starts somebody has stopped.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: subject_id text
SELECT a.subject_id
FROM unnest($1::smallint[], $2::text[]) AS n(slot, subject_id)
JOIN audiences AS a ON a.slot = n.slot AND a.subject_id = n.subject_id
WHERE a.stopped_at IS NOT NULL
