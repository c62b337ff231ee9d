-- Finds the audiences that phones may have joined which came, or have changed: those of everybody, of segments, and of these
-- customers; of subjects that are open, whose time has come, and whose starts nobody has stopped.
-- $1 smallint[]  slots
-- $2 text[]      customer ids
-- Returns: slot smallint, subject_id text, kind text, customers text[], segment text, attributes_type text,
--          show_at timestamptz
SELECT a.slot, a.subject_id, coalesce(v.state ->> '$kind', 'order') AS kind, a.customers, a.segment, a.attributes_type,
       a.show_at
FROM (SELECT lockstep_now() AS at) AS now, audiences AS a
JOIN slots AS s ON s.slot = a.slot
JOIN views AS v ON v.slot = a.slot AND v.generation = s.generation AND v.subject_id = a.subject_id
WHERE a.slot = ANY ($1::smallint[]) AND (a.customers IS NULL OR a.customers && $2::text[]) AND a.over_at IS NULL
  AND a.stopped_at IS NULL AND NOT v.over AND coalesce((v.state ->> 'showAt')::timestamptz <= now.at, true)
