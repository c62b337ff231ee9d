-- Removes views of generations that are neither live, nor the one before, nor the next.
-- $1 smallint  slot
-- $2 bigint    at the most so many
-- Returns: dropped bigint
WITH old AS MATERIALIZED (
    SELECT v.slot, v.generation, v.subject_id
    FROM slots AS s
    LEFT JOIN rebuilds AS r ON r.slot = s.slot
    JOIN views AS v ON v.slot = s.slot
    WHERE s.slot = $1
      AND v.generation <> s.generation
      AND v.generation IS DISTINCT FROM s.previous_generation
      AND v.generation IS DISTINCT FROM r.generation
    LIMIT $2
), dropped AS (
    DELETE FROM views AS v
    USING old AS o
    WHERE v.slot = o.slot AND v.generation = o.generation AND v.subject_id = o.subject_id
    RETURNING v.slot
)
SELECT count(*) AS dropped
FROM dropped
