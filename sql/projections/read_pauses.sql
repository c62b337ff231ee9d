-- Reads the pauses that hold now.
-- Returns: kind text, key text, reason text, paused_at timestamptz, until timestamptz
SELECT p.kind, p.key, p.reason, p.paused_at, p.until
FROM (SELECT lockstep_now() AS at) AS now, pauses AS p
WHERE p.until IS NULL OR p.until > now.at
ORDER BY p.kind, p.key
