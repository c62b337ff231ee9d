-- Reads the row of one order in the list.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: subject_id text, kind text, status text, over boolean, customer_id text, trouble text,
--          changed_at timestamptz
SELECT l.subject_id, l.kind, l.status, l.over, l.customer_id,
       coalesce(l.trouble, CASE WHEN l.failed THEN 'failed' END) AS trouble, l.changed_at
FROM order_list AS l
WHERE l.slot = $1 AND l.subject_id = $2
