-- Reads how many channels Apple has listed, and when.
-- Returns: app text, environment text, channels integer, listed_at timestamptz, outcome text, why text
SELECT l.app, l.environment, l.channels, l.listed_at, l.outcome, l.why
FROM channel_lists AS l
ORDER BY l.app, l.environment
