-- Lists deliveries to a webhook with what they tell, the newest facts first, those last whose fact is kept no longer.
-- $1 smallint[]  slots
-- $2 text        webhook
-- $3 text        waiting, dead, or delivered; NULL: all
-- $4 bigint      at the most so many
-- Returns: slot smallint, position bigint, due_at timestamptz, delivered_at timestamptz, dead_at timestamptz,
--          subject_id text, card_id uuid, type text, code text, reason text, at timestamptz, device_id text,
--          customer_id text, app text, attributes_type text, generation smallint
SELECT d.slot, d.position, d.due_at, d.delivered_at, d.dead_at, f.subject_id, f.card_id, f.type, f.code, f.reason, f.at,
       f.device_id, f.customer_id, f.app, f.attributes_type, f.generation
FROM unnest($1::smallint[]) AS place(slot)
CROSS JOIN LATERAL (
    SELECT n.slot, n.position, n.due_at, n.delivered_at, n.dead_at
    FROM webhook_deliveries AS n
    WHERE n.slot = place.slot AND n.webhook = $2
      AND ($3::text IS NULL
           OR $3 = 'waiting' AND n.due_at IS NOT NULL
           OR $3 = 'dead' AND n.dead_at IS NOT NULL
           OR $3 = 'delivered' AND n.delivered_at IS NOT NULL)
    ORDER BY n.position DESC
    LIMIT $4
) AS d
LEFT JOIN card_facts AS f ON f.slot = d.slot AND f.position = d.position
ORDER BY f.at DESC NULLS LAST, d.slot, d.position DESC
LIMIT $4
