-- Has the list of an app in an environment looked at from a time on, if it is not already.
-- $1 text              app
-- $2 text              environment
-- $3 double precision  seconds until the first look
INSERT INTO channel_lists (app, environment, due_at)
SELECT $1, $2, now.at + $3 * interval '1 second'
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (app, environment) DO NOTHING
