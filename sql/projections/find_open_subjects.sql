-- Finds the next subjects that are not over, those of customers included, in the order of their keys.
-- $1 smallint  in this slot
-- $2 text      after this subject, and in the slots behind it
-- $3 bigint    at the most so many
-- Returns: slot smallint, subject_id text
SELECT s.slot, o.subject_id
FROM slots AS s
CROSS JOIN LATERAL (
    (SELECT v.subject_id
     FROM views AS v
     WHERE v.slot = s.slot AND v.generation = s.generation AND NOT v.over
       AND v.subject_id > CASE WHEN s.slot = $1 THEN $2 ELSE '' END
     ORDER BY v.subject_id
     LIMIT $3)
    UNION ALL
    (SELECT c.subject_id
     FROM customer_views AS c
     WHERE c.slot = s.slot AND NOT c.over AND c.subject_id > CASE WHEN s.slot = $1 THEN $2 ELSE '' END
     ORDER BY c.subject_id
     LIMIT $3)
) AS o
WHERE s.slot >= $1
ORDER BY s.slot, o.subject_id
LIMIT $3
