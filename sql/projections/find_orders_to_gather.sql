-- Finds the open subjects of customers, those that wait for their time included.
-- $1 smallint[]  slots
-- $2 text[]      customer ids
-- Returns: subject_id text, customer_id text, kind text
SELECT v.subject_id, v.customer_id, coalesce(v.state ->> '$kind', 'order') AS kind
FROM views AS v
JOIN slots AS s ON s.slot = v.slot AND s.generation = v.generation
WHERE v.slot = ANY ($1::smallint[])
  AND v.customer_id = ANY ($2::text[])
  AND NOT v.over
