-- Counts the cards of an order, or of a customer, that are not over.
-- $1 smallint[]  slots
-- $2 text        subject id; NULL: any
-- $3 text        customer id; NULL: any
-- Returns: cards bigint
SELECT count(*) AS cards
FROM cards AS c
WHERE c.slot = ANY ($1::smallint[]) AND c.phase <> 'over'
  AND ($2::text IS NULL OR c.subject_id = $2)
  AND ($3::text IS NULL OR c.customer_id = $3)
