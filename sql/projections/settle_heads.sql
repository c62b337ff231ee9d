-- Sets aside the heads that are caught up and untouched for a minute; every append takes its head back.
-- $1 smallint[]  slots
-- Returns: settled bigint
WITH settled AS (
    UPDATE heads AS h
    SET settled_at = now.at
    FROM (SELECT lockstep_now() AS at) AS now, views AS v, slots AS s
    WHERE h.slot = ANY ($1::smallint[])
      AND h.settled_at IS NULL
      AND h.last_recorded_at < now.at - interval '1 minute'
      AND s.slot = h.slot
      AND v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
      AND v.version = h.version
      AND v.quarantined_at IS NULL
    RETURNING h.slot
)
SELECT count(*) AS settled
FROM settled
