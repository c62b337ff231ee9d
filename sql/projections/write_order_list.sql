-- Writes rows of the list of orders for views that the same transaction has just written, and thereby holds: all in a
-- slot at one time, later than that of whatever changed there before. Views of another generation than the live one are
-- left out.
-- $1 smallint[]  slot
-- $2 smallint[]  generation
-- $3 text[]      subject id
-- $4 text[]      kind
-- $5 text[]      status, empty for none
-- $6 boolean[]   over
-- $7 text[]      customer id
-- $8 text[]      trouble
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), changed AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.kind, c.status, c.over, c.customer_id, c.trouble, now.at
    FROM now,
         unnest($1::smallint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[],
                $8::text[])
         AS c(slot, generation, subject_id, kind, status, over, customer_id, trouble)
    JOIN slots AS s ON s.slot = c.slot AND s.generation = c.generation
), stamped AS (
    INSERT INTO order_list_slots AS o (slot, changed_at)
    SELECT DISTINCT c.slot, c.at
    FROM changed AS c
    ORDER BY c.slot
    ON CONFLICT (slot) DO UPDATE SET changed_at = greatest(excluded.changed_at, o.changed_at + interval '1 microsecond')
    RETURNING o.slot, o.changed_at
), stamps AS MATERIALIZED (
    -- arrays, since a join of what was just written is planned for few rows, and takes a square of time for many
    SELECT array_agg(s.slot) AS slots, array_agg(s.changed_at) AS times
    FROM stamped AS s
)
INSERT INTO order_list AS l (slot, subject_id, kind, status, over, customer_id, trouble, changed_at)
SELECT c.slot, c.subject_id, c.kind, c.status, c.over, c.customer_id, c.trouble,
       s.times[array_position(s.slots, c.slot)]
FROM changed AS c, stamps AS s
ORDER BY c.slot, c.subject_id
ON CONFLICT (slot, subject_id) DO UPDATE
    SET kind = excluded.kind,
        status = excluded.status,
        over = excluded.over,
        customer_id = excluded.customer_id,
        trouble = excluded.trouble,
        changed_at = excluded.changed_at
