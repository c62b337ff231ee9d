-- Adds what a process has counted; pushes are added to their minute.
-- $1 text[]    figure
-- $2 text[]    outcome
-- $3 text[]    reason
-- $4 bigint[]  how many more
INSERT INTO figures AS f (figure, outcome, reason, minute, count)
SELECT u.figure, u.outcome, u.reason,
       CASE WHEN u.figure = 'pushes' THEN date_trunc('minute', now.at) ELSE '-infinity' END, u.count
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS u(figure, outcome, reason, count)
-- processes lock their rows in one order
ORDER BY u.figure, u.outcome, u.reason
ON CONFLICT (figure, outcome, reason, minute) DO UPDATE SET count = f.count + excluded.count
