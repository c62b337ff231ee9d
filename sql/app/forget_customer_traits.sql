-- Forgets a customer's tags, and takes the customer out of lists of segments, as far as they are from then or earlier.
-- $1 text         customer id
-- $2 timestamptz  written at this time or earlier
WITH tags AS (
    DELETE FROM customer_tags AS t
    WHERE t.customer_id = $1 AND t.changed_at <= $2
)
DELETE FROM segment_ids AS i
USING segments AS s
WHERE i.name = s.name AND s.ids_of = 'customers' AND i.id = $1 AND i.added_at <= $2
