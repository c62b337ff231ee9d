-- Writes rows of the list of orders for views that the same transaction has just written, and thereby holds. Views of
-- another generation than the live one are left out.
-- $1 smallint[]     slot
-- $2 smallint[]     generation
-- $3 text[]         subject id
-- $4 text[]         kind
-- $5 text[]         status, empty for none
-- $6 boolean[]      over
-- $7 text[]         customer id
-- $8 text[]         trouble
-- $9 timestamptz[]  when it changed: the time of its slot
INSERT INTO order_list AS l (slot, subject_id, kind, status, over, customer_id, trouble, changed_at)
SELECT c.slot, c.subject_id, c.kind, c.status, c.over, c.customer_id, c.trouble, c.changed_at
FROM unnest($1::smallint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[],
            $9::timestamptz[])
     AS c(slot, generation, subject_id, kind, status, over, customer_id, trouble, changed_at)
JOIN slots AS s ON s.slot = c.slot AND s.generation = c.generation
ORDER BY c.slot, c.subject_id
ON CONFLICT (slot, subject_id) DO UPDATE
    SET kind = excluded.kind,
        status = excluded.status,
        over = excluded.over,
        customer_id = excluded.customer_id,
        trouble = excluded.trouble,
        changed_at = excluded.changed_at
