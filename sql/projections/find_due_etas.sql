-- Finds the delivery times that are to be looked at now, those that wait longest first.
-- $1 smallint[]  slots
-- $2 bigint      at the most so many
-- $3 bigint      at the most so many a slot
-- Returns: slot smallint, subject_id text
SELECT d.slot, d.subject_id
FROM (SELECT lockstep_now() AS at) AS now, unnest($1::smallint[]) AS wanted(slot)
CROSS JOIN LATERAL (
    SELECT e.slot, e.subject_id, e.due_at
    FROM etas AS e
    WHERE e.slot = wanted.slot AND e.due_at <= now.at
    ORDER BY e.due_at
    LIMIT $3
) AS d
ORDER BY d.due_at
LIMIT $2
