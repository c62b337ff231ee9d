-- Locks the delivery times that were put for orders until the transaction ends, and gives what each is to be judged by.
-- $1 smallint[]  slot
-- $2 text[]      order
-- Returns: slot smallint, subject_id text, over boolean, archived boolean, delivery_time timestamptz, at timestamptz,
--          source text, changed_at timestamptz, recorded_delivery_time timestamptz, recorded_of timestamptz,
--          recorded_version bigint, recorded_at timestamptz, state json, heard_at timestamptz, now timestamptz
SELECT e.slot, e.subject_id, coalesce(v.over, false) AS over, h.archived_at IS NOT NULL AS archived, e.delivery_time,
       e.at, e.source, e.changed_at, e.recorded_delivery_time, e.recorded_of, e.recorded_version, e.recorded_at,
       v.state, h.last_recorded_at AS heard_at, lockstep_now() AS now
FROM unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN etas AS e ON e.slot = wanted.slot AND e.subject_id = wanted.subject_id
JOIN slots AS s ON s.slot = wanted.slot
LEFT JOIN heads AS h ON h.slot = wanted.slot AND h.subject_id = wanted.subject_id
LEFT JOIN views AS v ON v.slot = wanted.slot AND v.generation = s.generation AND v.subject_id = wanted.subject_id
ORDER BY e.slot, e.subject_id
FOR UPDATE OF e
