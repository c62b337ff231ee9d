-- Lists orders, those that changed last first: of some statuses, or of any. Each status is read from its end of the index,
-- no further than a page, so that a rare one costs no more than a frequent one.
-- $1 smallint[]   slots
-- $2 text[]       statuses; NULL: any
-- $3 timestamptz  when the last one of the page before changed; NULL: from the beginning
-- $4 text         its subject id
-- $5 bigint       at the most so many
-- Returns: subject_id text, kind text, status text, over boolean, customer_id text, trouble text,
--          changed_at timestamptz
WITH RECURSIVE present AS (
    SELECT (SELECT min(l.status) FROM order_list AS l WHERE l.slot = ANY ($1::smallint[])) AS status
    UNION ALL
    SELECT (SELECT min(l.status) FROM order_list AS l WHERE l.slot = ANY ($1::smallint[]) AND l.status > p.status)
    FROM present AS p
    WHERE p.status IS NOT NULL
)
SELECT o.subject_id, o.kind, o.status, o.over, o.customer_id,
       coalesce(o.trouble, CASE WHEN o.failed THEN 'failed' END) AS trouble, o.changed_at
FROM present AS p
CROSS JOIN LATERAL (
    SELECT l.subject_id, l.kind, l.status, l.over, l.customer_id, l.trouble, l.failed, l.changed_at
    FROM order_list AS l
    WHERE l.slot = ANY ($1::smallint[]) AND l.status = p.status
      AND (l.changed_at, l.subject_id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, ''))
    ORDER BY l.changed_at DESC, l.subject_id DESC
    LIMIT $5
) AS o
WHERE p.status IS NOT NULL AND coalesce(p.status = ANY ($2::text[]), true)
ORDER BY o.changed_at DESC, o.subject_id DESC
LIMIT $5
