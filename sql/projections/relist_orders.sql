-- Brings the list of orders in step with the live views of some subjects: writes rows that differ, all in a slot at one
-- time, later than that of whatever changed there before; and removes those of subjects without a view.
-- The views are held meanwhile, so that no older one is listed over a newer one.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: slot smallint, subject_id text
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), wanted AS MATERIALIZED (
    SELECT w.slot, w.subject_id, now.at
    FROM now, unnest($1::smallint[], $2::text[]) AS w(slot, subject_id)
), live AS MATERIALIZED (
    SELECT v.slot, v.subject_id, coalesce(v.status, '') AS status, v.over, v.customer_id, w.at,
           CASE WHEN starts_with(v.state::text, '{"$kind"') THEN v.state ->> '$kind' ELSE 'order' END AS kind,
           CASE WHEN v.quarantined_at IS NOT NULL THEN 'quarantined' WHEN v.held_by_fold IS NOT NULL THEN 'held' END
               AS trouble
    FROM wanted AS w
    JOIN slots AS s ON s.slot = w.slot
    JOIN views AS v ON v.slot = w.slot AND v.generation = s.generation AND v.subject_id = w.subject_id
    ORDER BY v.slot, v.generation, v.subject_id
    FOR NO KEY UPDATE OF v
), differing AS MATERIALIZED (
    SELECT v.slot, v.subject_id, v.status, v.over, v.customer_id, v.at, v.kind, v.trouble
    FROM live AS v
    LEFT JOIN order_list AS l ON l.slot = v.slot AND l.subject_id = v.subject_id
    WHERE l.slot IS NULL
       OR (v.status, v.over, v.customer_id, v.trouble) IS DISTINCT FROM (l.status, l.over, l.customer_id, l.trouble)
), stamped AS (
    INSERT INTO order_list_slots AS o (slot, changed_at)
    SELECT DISTINCT d.slot, d.at
    FROM differing AS d
    ORDER BY d.slot
    ON CONFLICT (slot) DO UPDATE SET changed_at = greatest(excluded.changed_at, o.changed_at + interval '1 microsecond')
    RETURNING o.slot, o.changed_at
), stamps AS MATERIALIZED (
    -- arrays, since a join of what was just written is planned for few rows, and takes a square of time for many
    SELECT array_agg(s.slot) AS slots, array_agg(s.changed_at) AS times
    FROM stamped AS s
), gone AS (
    DELETE FROM order_list AS l
    USING wanted AS w
    WHERE l.slot = w.slot AND l.subject_id = w.subject_id
      AND NOT EXISTS (
          SELECT
          FROM slots AS s
          JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation
          WHERE s.slot = l.slot AND v.slot = l.slot AND v.subject_id = l.subject_id)
)
INSERT INTO order_list AS l (slot, subject_id, kind, status, over, customer_id, trouble, changed_at)
SELECT d.slot, d.subject_id, d.kind, d.status, d.over, d.customer_id, d.trouble,
       s.times[array_position(s.slots, d.slot)]
FROM differing AS d, stamps AS s
ORDER BY d.slot, d.subject_id
ON CONFLICT (slot, subject_id) DO UPDATE
    SET kind = excluded.kind,
        status = excluded.status,
        over = excluded.over,
        customer_id = excluded.customer_id,
        trouble = excluded.trouble,
        changed_at = excluded.changed_at
RETURNING l.slot, l.subject_id
