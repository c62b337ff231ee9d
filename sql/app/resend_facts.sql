-- Puts facts of a slot in debt to a webhook anew: one, those that were given up, or those of a span of time.
-- $1 smallint     slot
-- $2 text         webhook
-- $3 bigint       position; NULL: not one
-- $4 boolean      those that were given up
-- $5 timestamptz  from this time on; NULL: no span
-- $6 timestamptz  before this time; NULL: all
-- Returns: facts bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), chosen AS (
    SELECT f.position
    FROM webhooks AS w
    JOIN card_facts AS f ON f.slot = $1
    WHERE w.name = $2
      AND (f.position = $3 OR f.type = ANY (w.types) AND f.at >= $5 AND ($6::timestamptz IS NULL OR f.at < $6))
    UNION
    SELECT d.position
    FROM webhook_deliveries AS d
    WHERE $4 AND d.slot = $1 AND d.webhook = $2 AND d.dead_at IS NOT NULL
), again AS (
    INSERT INTO webhook_deliveries AS d (slot, position, webhook, due_at)
    SELECT $1, c.position, $2, now.at
    FROM chosen AS c, now
    ORDER BY c.position
    ON CONFLICT (slot, position, webhook) DO UPDATE
    SET due_at = excluded.due_at, attempts = 0, lease = d.lease + 1, delivered_at = NULL, dead_at = NULL
    RETURNING d.position
)
SELECT count(*) AS facts
FROM again
