-- Lists the orders with which something is the matter, those that changed last first.
-- $1 smallint[]   slots
-- $2 text[]       statuses; NULL: any
-- $3 timestamptz  when the last one of the page before changed; NULL: from the beginning
-- $4 text         its subject id
-- $5 bigint       at the most so many
-- Returns: subject_id text, kind text, status text, over boolean, customer_id text, trouble text,
--          changed_at timestamptz
SELECT l.subject_id, l.kind, l.status, l.over, l.customer_id,
       coalesce(l.trouble, CASE WHEN l.failed THEN 'failed' END) AS trouble, l.changed_at
FROM order_list AS l
WHERE l.slot = ANY ($1::smallint[])
  AND (l.trouble IS NOT NULL OR l.failed)
  AND coalesce(l.status = ANY ($2::text[]), true)
  AND (l.changed_at, l.subject_id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, ''))
ORDER BY l.changed_at DESC, l.subject_id DESC
LIMIT $5
