-- Reads whose a subject is, as far as it was folded.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: customer_id text
SELECT v.customer_id
FROM slots AS s
JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation
WHERE s.slot = $1 AND v.subject_id = $2
