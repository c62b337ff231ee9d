-- Reads the shadows.
-- Returns: kind text, key text, reason text, since timestamptz
SELECT kind, key, reason, since
FROM shadows
ORDER BY kind, key
