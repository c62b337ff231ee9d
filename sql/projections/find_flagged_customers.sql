-- Finds the customers of flagged views.
-- $1 smallint[]  slots
-- Returns: customer_id text
SELECT DISTINCT v.customer_id
FROM (SELECT lockstep_now() AS at) AS now, views AS v
JOIN slots AS s ON s.slot = v.slot AND s.generation = v.generation
WHERE v.slot = ANY ($1::smallint[]) AND v.match_due_at <= now.at AND v.customer_id IS NOT NULL
