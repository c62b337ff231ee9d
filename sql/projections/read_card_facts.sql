-- Reads the facts that follow in some slots, slot after slot.
-- $1 smallint[]  slots
-- $2 bigint[]    after these numbers
-- $3 bigint      at the most so many
-- Returns: slot smallint, position bigint, subject_id text, card_id uuid, type text, code text, reason text,
--          at timestamptz, device_id text, customer_id text, app text, attributes_type text, generation smallint
SELECT f.slot, f.position, f.subject_id, f.card_id, f.type, f.code, f.reason, f.at, f.device_id, f.customer_id, f.app,
       f.attributes_type, f.generation
FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS place(slot, after, ord)
CROSS JOIN LATERAL (
    SELECT n.slot, n.position, n.subject_id, n.card_id, n.type, n.code, n.reason, n.at, n.device_id, n.customer_id,
           n.app, n.attributes_type, n.generation
    FROM card_facts AS n
    WHERE n.slot = place.slot AND n.position > place.after
    ORDER BY n.position
    LIMIT $3
) AS f
ORDER BY place.ord, f.position
LIMIT $3
