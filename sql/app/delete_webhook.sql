-- Deletes a webhook, and what it was told of and was to be told of.
-- $1 smallint[]  slots
-- $2 text        name
-- Returns: name text
WITH deliveries AS (
    DELETE FROM webhook_deliveries AS d
    WHERE d.slot = ANY ($1::smallint[]) AND d.webhook = $2
), attempts AS (
    DELETE FROM webhook_attempts AS a
    WHERE a.slot = ANY ($1::smallint[]) AND a.webhook = $2
)
DELETE FROM webhooks AS w
WHERE w.name = $2
RETURNING w.name
