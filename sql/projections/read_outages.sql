-- Reads which environments of APNs' cannot be reached now.
-- Returns: environment text, since timestamptz, why text
SELECT o.environment, o.since, o.why
FROM (SELECT lockstep_now() AS at) AS now, outages AS o
WHERE o.until > now.at
ORDER BY o.environment
