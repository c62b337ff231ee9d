-- Counts what a webhook has still to be told, and what was given up.
-- $1 smallint[]  slots
-- $2 text        webhook
-- Returns: waiting bigint, dead bigint
SELECT (SELECT count(*)
        FROM webhook_deliveries AS d
        WHERE d.slot = ANY ($1::smallint[]) AND d.webhook = $2 AND d.due_at IS NOT NULL) AS waiting,
       (SELECT count(*)
        FROM webhook_deliveries AS d
        WHERE d.slot = ANY ($1::smallint[]) AND d.webhook = $2 AND d.dead_at IS NOT NULL) AS dead
