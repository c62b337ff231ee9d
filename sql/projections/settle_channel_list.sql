-- Writes what became of a look at a list, and when the next is due: at once, where it was asked for meanwhile.
-- $1 text              app
-- $2 text              environment
-- $3 bigint            debt as it was claimed
-- $4 double precision  seconds until the next look
-- $5 integer           channels in it; NULL: it did not come
-- $6 text              outcome
-- $7 text              why
UPDATE channel_lists AS l
SET due_at = CASE WHEN l.debt = $3 THEN now.at + $4 * interval '1 second' ELSE now.at END,
    leased_until = NULL,
    listed_at = CASE WHEN $5::integer IS NULL THEN l.listed_at ELSE now.at END,
    channels = coalesce($5::integer, l.channels),
    outcome = $6,
    why = $7
FROM (SELECT lockstep_now() AS at) AS now
WHERE l.app = $1 AND l.environment = $2
