-- Deletes the oldest facts of slots, with what was sent of them, and notes a stream that nobody has read for as long.
-- What was asked for or tried while an earlier round deleted its fact goes too. Gives a row for each webhook that was
-- still to be told of some, and one at least.
-- $1 smallint[]  slots
-- $2 integer     days that are kept
-- $3 bigint      at the most so many a slot
-- Returns: dropped bigint, webhook text, untold bigint
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
), newest AS MATERIALIZED (
    SELECT o.slot, max(o.position) AS position
    FROM old AS o
    GROUP BY o.slot
), deliveries_gone AS (
    DELETE FROM webhook_deliveries AS d
    USING newest AS n, kept
    WHERE d.slot = n.slot AND d.position <= n.position
      AND NOT EXISTS (SELECT FROM card_facts AS f
                      WHERE f.slot = d.slot AND f.position = d.position AND f.at >= kept.since)
    RETURNING d.webhook, d.due_at IS NOT NULL AS waited
), attempts_gone AS (
    DELETE FROM webhook_attempts AS a
    USING newest AS n, kept
    WHERE a.slot = n.slot AND a.position <= n.position
      AND NOT EXISTS (SELECT FROM card_facts AS f
                      WHERE f.slot = a.slot AND f.position = a.position AND f.at >= kept.since)
), stream_gone AS (
    DELETE FROM card_streams AS s
    USING kept
    WHERE s.read_at < kept.since
)
SELECT o.dropped, u.webhook, u.untold
FROM (SELECT count(*) AS dropped FROM old) AS o
LEFT JOIN (SELECT d.webhook, count(*) AS untold
           FROM deliveries_gone AS d
           WHERE d.waited
           GROUP BY d.webhook) AS u ON true
