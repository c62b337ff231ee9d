-- Finds subjects of which the list of orders says otherwise than their cards whether one has failed.
-- $1 smallint[]  slots
-- $2 bigint      at the most so many
-- Returns: slot smallint, subject_id text
WITH failing AS (
    SELECT DISTINCT c.slot, c.subject_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.outcome = 'failed' AND c.phase <> 'over'
)
SELECT l.slot, l.subject_id
FROM order_list AS l
LEFT JOIN failing AS f ON f.slot = l.slot AND f.subject_id = l.subject_id
WHERE l.slot = ANY ($1::smallint[]) AND l.failed <> (f.slot IS NOT NULL)
LIMIT $2
