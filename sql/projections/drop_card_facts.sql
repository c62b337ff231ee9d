-- Deletes the oldest facts of slots, with what was sent of them, and notes a stream that nobody has read for as long.
-- $1 smallint[]  slots
-- $2 integer     days that are kept
-- $3 bigint      at the most so many a slot
-- Returns: dropped bigint
WITH kept AS MATERIALIZED (
    SELECT lockstep_now() - $2::integer * interval '1 day' AS since
), old AS MATERIALIZED (
    SELECT f.slot, f.position
    FROM unnest($1::smallint[]) AS wanted(slot)
    CROSS JOIN LATERAL (
        SELECT n.slot, n.position, n.at
        FROM card_facts AS n
        WHERE n.slot = wanted.slot
        ORDER BY n.position
        LIMIT $3
    ) AS f
    CROSS JOIN kept
    WHERE f.at < kept.since
), gone AS (
    DELETE FROM card_facts AS f
    USING old AS o
    WHERE f.slot = o.slot AND f.position = o.position
), deliveries_gone AS (
    DELETE FROM webhook_deliveries AS d
    USING old AS o
    WHERE d.slot = o.slot AND d.position = o.position
), attempts_gone AS (
    DELETE FROM webhook_attempts AS a
    USING old AS o
    WHERE a.slot = o.slot AND a.position = o.position
), stream_gone AS (
    DELETE FROM card_streams AS s
    USING kept
    WHERE s.read_at < kept.since
)
SELECT count(*) AS dropped
FROM old
