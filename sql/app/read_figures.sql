-- Reads what all processes have done, pushes of the last minutes alone; one row at the least, which tells the time.
-- $1 integer  minutes, the one that has begun among them
-- Returns: figure text, outcome text, reason text, count bigint, now timestamptz, over_seconds double precision
SELECT f.figure, f.outcome, f.reason, f.count, now.at AS now, extract(epoch FROM now.at - now.since)::double precision AS over_seconds
FROM (
    SELECT n.at, date_trunc('minute', n.at) - ($1::integer - 1) * interval '1 minute' AS since
    FROM (SELECT lockstep_now() AS at) AS n
) AS now
LEFT JOIN LATERAL (
    SELECT g.figure, g.outcome, g.reason, sum(g.count)::bigint AS count
    FROM figures AS g
    WHERE g.figure <> 'pushes' OR g.minute >= now.since
    GROUP BY g.figure, g.outcome, g.reason
) AS f ON true
ORDER BY f.figure, f.outcome, f.reason
