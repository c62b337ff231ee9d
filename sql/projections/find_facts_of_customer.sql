-- Finds the slots in which something is told of a customer's cards.
-- $1 smallint[]  slots
-- $2 text        customer id
-- Returns: slot smallint
SELECT place.slot
FROM unnest($1::smallint[]) AS place(slot)
CROSS JOIN LATERAL (
    SELECT
    FROM card_facts AS f
    WHERE f.slot = place.slot AND f.customer_id = $2
    LIMIT 1
) AS f
