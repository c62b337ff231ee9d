-- Finds devices whose cards must be looked for now.
-- $1 bigint  at the most so many
-- Returns: device_id text, customer_id text, app text, environment text, match_count bigint
SELECT d.device_id, d.customer_id, d.app, d.environment, d.match_count
FROM (SELECT lockstep_now() AS at) AS now, devices AS d
WHERE d.match_due_at <= now.at
ORDER BY d.match_due_at
LIMIT $1
