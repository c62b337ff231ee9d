-- Counts what became of a subject's cards, by their attributes type. A push that failed counts until one is accepted.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: attributes_type text, cards bigint, waiting bigint, started bigint, live bigint, failed bigint,
--          dismissed bigint, ended bigint, never_shown bigint
WITH mine AS (
    SELECT c.attributes_type, c.phase = 'over' AS over, c.started_at IS NOT NULL AS started,
           c.started_at IS NOT NULL OR c.reported_state IS NOT NULL AS was_shown,
           c.outcome = 'gone' AND c.reported_state = 'dismissed' AS dismissed,
           c.last_answer IS NOT NULL
           AND (c.outcome IN ('failed', 'refused') OR c.last_answer = 'not made'
                OR EXISTS (
                    SELECT FROM receipts AS r
                    WHERE r.slot = c.slot AND r.subject_id = c.subject_id AND r.card_id = c.card_id
                      AND r.outcome = 'rejected')) AS failed
    FROM cards AS c
    WHERE c.slot = $1 AND c.subject_id = $2
)
SELECT m.attributes_type,
       count(*) AS cards,
       count(*) FILTER (WHERE NOT m.over AND NOT m.started AND NOT m.failed) AS waiting,
       count(*) FILTER (WHERE m.started) AS started,
       count(*) FILTER (WHERE m.started AND NOT m.over) AS live,
       count(*) FILTER (WHERE m.failed) AS failed,
       count(*) FILTER (WHERE m.over AND m.dismissed) AS dismissed,
       count(*) FILTER (WHERE m.over AND m.was_shown AND m.dismissed IS NOT TRUE) AS ended,
       count(*) FILTER (WHERE m.over AND NOT m.was_shown) AS never_shown
FROM mine AS m
GROUP BY m.attributes_type
ORDER BY m.attributes_type
