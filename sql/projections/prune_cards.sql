-- Deletes cards that are over for so long, of subjects that are over too: nobody will ask for them again.
-- $1 smallint[]  slots
-- $2 integer     days that are kept
-- $3 bigint      at the most so many
-- Returns: pruned bigint
WITH old AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM (SELECT lockstep_now() AS at) AS now, cards AS c
    JOIN slots AS s ON s.slot = c.slot
    JOIN views AS v ON v.slot = c.slot AND v.generation = s.generation AND v.subject_id = c.subject_id
    WHERE c.slot = ANY ($1::smallint[]) AND c.phase = 'over' AND v.over
      AND c.outcome_at < now.at - $2::integer * interval '1 day'
    ORDER BY c.slot, c.subject_id, c.card_id
    LIMIT $3
    FOR UPDATE OF c SKIP LOCKED
), pruned AS (
    DELETE FROM cards AS c
    USING old AS o
    WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
    RETURNING c.card_id
)
SELECT count(*) AS pruned
FROM pruned
