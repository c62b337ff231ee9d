-- Has the list of an app in an environment looked at soon: a channel may have been made that nobody knows.
-- $1 text              app
-- $2 text              environment
-- $3 double precision  seconds until then
INSERT INTO channel_lists AS l (app, environment, due_at)
SELECT $1, $2, now.at + $3 * interval '1 second'
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (app, environment) DO UPDATE SET due_at = least(l.due_at, excluded.due_at), debt = l.debt + 1
