-- Finds the webhooks that are switched on, and whether they may be sent something now.
-- Returns: name text, failing boolean, held boolean
SELECT w.name, w.failing_since IS NOT NULL AS failing, coalesce(w.blocked_until > now.at, false) AS held
FROM webhooks AS w, (SELECT lockstep_now() AS at) AS now
WHERE w.disabled_at IS NULL
ORDER BY w.name
