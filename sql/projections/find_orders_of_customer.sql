-- Finds the orders of a customer in a slot, also those that have no view yet, and those that were archived. An order
-- belongs to the customer of the first event of its kind that names one, such as `order.placed`, and its kind is that of
-- its first event: the view says where to look, the log what is so.
-- $1 smallint     slot
-- $2 text         customer id
-- $3 timestamptz  placed at this time or earlier, as recorded
-- Returns: subject_id text, version bigint, erased boolean
SELECT h.subject_id, h.version, k.erased_at IS NOT NULL AS erased
FROM heads AS h
JOIN slots AS s ON s.slot = h.slot
LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
LEFT JOIN subject_keys AS k ON k.slot = h.slot AND k.subject_id = h.subject_id
WHERE h.slot = $1
  AND CASE
      WHEN h.archived_at IS NOT NULL THEN h.archived_customer_id = $2
      WHEN v.customer_id IS NULL AND coalesce(v.version, 0) >= h.version THEN false
      WHEN v.customer_id <> $2 THEN false
      ELSE (SELECT e.recorded_at <= $3 AND e.data ->> 'customerId' = $2
            FROM events AS e
            WHERE e.slot = h.slot AND e.subject_id = h.subject_id AND e.data ->> 'customerId' IS NOT NULL
              AND split_part(e.type, '.', 1) = (
                  SELECT split_part(f.type, '.', 1)
                  FROM events AS f
                  WHERE f.slot = h.slot AND f.subject_id = h.subject_id AND f.type <> 'order.erased'
                  ORDER BY f.version
                  LIMIT 1
              )
            ORDER BY e.version
            LIMIT 1)
  END
ORDER BY h.subject_id
