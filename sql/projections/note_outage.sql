-- Says that no connection comes about to an environment of APNs', and keeps since when.
-- $1 text              environment
-- $2 text              why
-- $3 double precision  seconds after which it says nothing any more, unless it is said again
INSERT INTO outages AS o (environment, since, until, why)
SELECT $1, now.at, now.at + $3 * interval '1 second', $2
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (environment) DO UPDATE
    SET since = CASE WHEN o.until > excluded.since THEN o.since ELSE excluded.since END,
        until = excluded.until,
        why = excluded.why
