-- Counts the cards of some subjects that are not over.
-- $1 smallint  slot
-- $2 text[]    subject ids
-- Returns: cards bigint
SELECT count(*) AS cards
FROM cards AS c
WHERE c.slot = $1 AND c.subject_id = ANY ($2::text[]) AND c.phase <> 'over'
