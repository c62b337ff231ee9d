-- Lists the orders of a customer, those that changed last first.
-- $1 smallint[]   slots
-- $2 text         customer id
-- $3 text[]       statuses; NULL: any
-- $4 boolean      whether only those with which something is the matter
-- $5 timestamptz  when the last one of the page before changed; NULL: from the beginning
-- $6 text         its subject id
-- $7 bigint       at the most so many
-- $8 text         what their id begins with; NULL: anything
-- Returns: subject_id text, kind text, status text, over boolean, customer_id text, trouble text,
--          changed_at timestamptz
SELECT l.subject_id, l.kind, l.status, l.over, l.customer_id,
       coalesce(l.trouble, CASE WHEN l.failed THEN 'failed' END) AS trouble, l.changed_at
FROM order_list AS l
WHERE l.slot = ANY ($1::smallint[])
  AND l.customer_id = $2
  AND coalesce(l.status = ANY ($3::text[]), true)
  AND (l.trouble IS NOT NULL OR l.failed OR NOT $4)
  AND coalesce(starts_with(l.subject_id, $8), true)
  AND (l.changed_at, l.subject_id) < (coalesce($5, 'infinity'::timestamptz), coalesce($6, ''))
ORDER BY l.changed_at DESC, l.subject_id DESC
LIMIT $7
