-- Finds the open subjects of customers whose cards may appear now; those that wait for their time are matched then.
-- $1 smallint[]  slots
-- $2 text[]      customer ids
-- Returns: slot smallint, subject_id text, customer_id text, kind text, attributes_type text
SELECT v.slot, v.subject_id, v.customer_id, coalesce(v.state ->> '$kind', 'order') AS kind,
       v.state #>> '{state,attributesType}' AS attributes_type
FROM (SELECT lockstep_now() AS at) AS now, views AS v
JOIN slots AS s ON s.slot = v.slot AND s.generation = v.generation
WHERE v.slot = ANY ($1::smallint[])
  AND v.customer_id = ANY ($2::text[])
  AND NOT v.over
  AND (v.match_due_at IS NULL OR v.match_due_at <= now.at)
