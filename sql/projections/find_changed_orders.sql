-- Finds the orders whose row in the list has changed since a time in their slot, the earliest first.
-- $1 smallint[]     slots
-- $2 timestamptz[]  the time of each
-- $3 timestamptz    the earliest of these
-- $4 bigint         at the most so many
-- Returns: slot smallint, subject_id text, kind text, status text, over boolean, customer_id text, trouble text,
--          changed_at timestamptz
WITH RECURSIVE present AS (
    SELECT (SELECT min(l.status) FROM order_list AS l WHERE l.slot BETWEEN 0 AND 255) AS status
    UNION ALL
    SELECT (SELECT min(l.status) FROM order_list AS l WHERE l.slot BETWEEN 0 AND 255 AND l.status > p.status)
    FROM present AS p
    WHERE p.status IS NOT NULL
)
SELECT o.slot, o.subject_id, o.kind, o.status, o.over, o.customer_id,
       coalesce(o.trouble, CASE WHEN o.failed THEN 'failed' END) AS trouble, o.changed_at
FROM present AS p
CROSS JOIN LATERAL (
    -- slots change in turn, so few others have changed since the earliest time
    SELECT l.slot, l.subject_id, l.kind, l.status, l.over, l.customer_id, l.trouble, l.failed, l.changed_at
    FROM order_list AS l
    WHERE l.status = p.status AND l.changed_at > $3 AND l.slot = ANY ($1::smallint[])
      AND l.changed_at > ($2::timestamptz[])[array_position($1::smallint[], l.slot)]
    ORDER BY l.changed_at, l.subject_id
    LIMIT $4
) AS o
WHERE p.status IS NOT NULL
ORDER BY o.changed_at, o.subject_id
LIMIT $4
