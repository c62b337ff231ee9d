-- Reads the log of deliveries, the oldest request first.
-- $1 smallint[]  slots
-- $2 bigint[]    positions
-- $3 text        webhook
-- Returns: slot smallint, position bigint, sent_at timestamptz, seconds double precision, status smallint, error text
SELECT a.slot, a.position, a.sent_at, a.seconds, a.status, a.error
FROM unnest($1::smallint[], $2::bigint[]) AS asked(slot, position)
JOIN webhook_attempts AS a ON a.slot = asked.slot AND a.position = asked.position AND a.webhook = $3
ORDER BY a.slot, a.position, a.lease
