-- Deletes cards that are over for so long, of subjects that are over too: nobody will ask for them again; channels that
-- are gone for so long; and views of customers whose orders have been over for so long, and who have no card left, and
-- audiences likewise.
-- $1 smallint[]  slots
-- $2 integer     days that are kept
-- $3 bigint      at the most so many
-- Returns: pruned bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() - $2::integer * interval '1 day' AS kept_since
), old AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM now, cards AS c
    JOIN slots AS s ON s.slot = c.slot
    LEFT JOIN views AS v ON v.slot = c.slot AND v.generation = s.generation AND v.subject_id = c.subject_id
    LEFT JOIN customer_views AS w ON w.slot = c.slot AND w.subject_id = c.subject_id
    WHERE c.slot = ANY ($1::smallint[]) AND c.phase = 'over' AND (v.over OR w.over OR c.created_at < w.begun_at)
      AND c.outcome_at < now.kept_since
    ORDER BY c.slot, c.subject_id, c.card_id
    LIMIT $3
    FOR UPDATE OF c SKIP LOCKED
), pruned AS (
    DELETE FROM cards AS c
    USING old AS o
    WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
    RETURNING c.card_id
), closed AS (
    DELETE FROM channels AS h
    USING now
    WHERE h.slot = ANY ($1::smallint[]) AND h.phase = 'gone' AND h.outcome_at < now.kept_since
      AND NOT EXISTS (SELECT FROM cards AS c
                      WHERE c.slot = h.slot AND c.subject_id = h.subject_id AND c.channel = h.channel
                        AND c.phase <> 'over')
), gone AS (
    DELETE FROM customer_views AS w
    USING now
    WHERE w.slot = ANY ($1::smallint[]) AND w.over AND w.gathered_at < now.kept_since
      AND NOT EXISTS (SELECT FROM cards AS c WHERE c.slot = w.slot AND c.subject_id = w.subject_id)
), left_behind AS (
    DELETE FROM audiences AS a
    USING now
    WHERE a.slot = ANY ($1::smallint[]) AND a.over_at < now.kept_since
      AND NOT EXISTS (SELECT FROM cards AS c WHERE c.slot = a.slot AND c.subject_id = a.subject_id)
)
SELECT count(*) AS pruned
FROM pruned
