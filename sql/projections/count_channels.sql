-- Counts the channels that we have at Apple, by app and environment: each may have 10,000.
-- $1 smallint[]  slots
-- Returns: app text, environment text, channels bigint
SELECT h.app, h.environment, count(*) AS channels
FROM channels AS h
WHERE h.slot = ANY ($1::smallint[]) AND h.phase IN ('open', 'closing', 'ended')
GROUP BY h.app, h.environment
ORDER BY h.app, h.environment
