-- Finds the webhooks that may be sent something now.
-- Returns: name text, failing boolean
SELECT w.name, w.failing_since IS NOT NULL AS failing
FROM webhooks AS w, (SELECT lockstep_now() AS at) AS now
WHERE w.disabled_at IS NULL AND (w.blocked_until IS NULL OR w.blocked_until <= now.at)
ORDER BY w.name
