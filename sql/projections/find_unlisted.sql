-- Finds subjects whose row in the list of orders differs from their live view, or that have one of the two alone.
-- $1 smallint[]  slots
-- $2 bigint      at the most so many
-- Returns: slot smallint, subject_id text
SELECT coalesce(v.slot, l.slot) AS slot, coalesce(v.subject_id, l.subject_id) AS subject_id
FROM (
    SELECT live.slot, live.subject_id, coalesce(live.status, '') AS status, live.over, live.customer_id,
           CASE WHEN live.quarantined_at IS NOT NULL THEN 'quarantined'
                WHEN live.held_by_fold IS NOT NULL THEN 'held' END AS trouble
    FROM slots AS s
    JOIN views AS live ON live.slot = s.slot AND live.generation = s.generation
    WHERE s.slot = ANY ($1::smallint[])
) AS v
FULL JOIN (
    SELECT listed.slot, listed.subject_id, listed.status, listed.over, listed.customer_id, listed.trouble
    FROM order_list AS listed
    WHERE listed.slot = ANY ($1::smallint[])
) AS l ON l.slot = v.slot AND l.subject_id = v.subject_id
WHERE v.slot IS NULL
   OR l.slot IS NULL
   OR (v.status, v.over, v.customer_id, v.trouble) IS DISTINCT FROM (l.status, l.over, l.customer_id, l.trouble)
LIMIT $2
