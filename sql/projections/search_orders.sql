-- Finds orders by the beginning of their id, and those of a customer by the whole id, by their ids; each slot is read no
-- further than a page.
-- $1 smallint[]  slots
-- $2 text        what their id begins with, or their customer's id
-- $3 text[]      statuses; NULL: any
-- $4 boolean     whether only those with which something is the matter
-- $5 text        the subject id of the last one of the page before; NULL: from the beginning
-- $6 bigint      at the most so many
-- Returns: subject_id text, kind text, status text, over boolean, customer_id text, trouble text,
--          changed_at timestamptz
WITH found AS (
    SELECT o.subject_id, o.kind, o.status, o.over, o.customer_id, o.trouble, o.failed, o.changed_at
    FROM unnest($1::smallint[]) AS w(slot)
    CROSS JOIN LATERAL (
        SELECT l.subject_id, l.kind, l.status, l.over, l.customer_id, l.trouble, l.failed, l.changed_at
        FROM order_list AS l
        -- rows are compared, for then a plan for any values expects many, and goes along the index up to the limit; ids
        -- are of visible ASCII, which is between the first character and DEL
        WHERE (l.slot, l.subject_id) >= (w.slot, greatest($2 COLLATE "C", $5 || chr(1)))
          AND (l.slot, l.subject_id) < (w.slot, $2 || chr(127))
          AND coalesce(l.status = ANY ($3::text[]), true)
          AND (l.trouble IS NOT NULL OR l.failed OR NOT $4)
        ORDER BY l.slot, l.subject_id
        LIMIT $6
    ) AS o
    UNION
    SELECT l.subject_id, l.kind, l.status, l.over, l.customer_id, l.trouble, l.failed, l.changed_at
    FROM order_list AS l
    WHERE l.slot = ANY ($1::smallint[])
      AND l.customer_id = $2
      AND l.subject_id > coalesce($5, '')
      AND coalesce(l.status = ANY ($3::text[]), true)
      AND (l.trouble IS NOT NULL OR l.failed OR NOT $4)
)
SELECT f.subject_id, f.kind, f.status, f.over, f.customer_id,
       coalesce(f.trouble, CASE WHEN f.failed THEN 'failed' END) AS trouble, f.changed_at
FROM found AS f
ORDER BY f.subject_id
LIMIT $6
