-- Removes views of generations that are neither live, nor the one before, nor the next.
-- $1 smallint  slot
-- $2 bigint    at the most so many
-- Returns: dropped bigint
WITH RECURSIVE present AS (
    SELECT (SELECT min(v.generation) FROM views AS v WHERE v.slot = $1) AS generation
    UNION ALL
    SELECT (SELECT min(v.generation) FROM views AS v WHERE v.slot = $1 AND v.generation > p.generation)
    FROM present AS p
    WHERE p.generation IS NOT NULL
), old AS MATERIALIZED (
    SELECT v.slot, v.generation, v.subject_id
    FROM slots AS s
    LEFT JOIN rebuilds AS r ON r.slot = s.slot
    CROSS JOIN present AS p
    JOIN views AS v ON v.slot = s.slot AND v.generation = p.generation
    WHERE s.slot = $1
      AND p.generation <> s.generation
      AND p.generation IS DISTINCT FROM s.previous_generation
      AND p.generation IS DISTINCT FROM r.generation
    LIMIT $2
), dropped AS (
    DELETE FROM views AS v
    USING old AS o
    WHERE v.slot = o.slot AND v.generation = o.generation AND v.subject_id = o.subject_id
    RETURNING v.slot
)
SELECT count(*) AS dropped
FROM dropped
