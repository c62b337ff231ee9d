-- Lets an audience wait whose starts are not being sent.
-- $1 smallint          slot
-- $2 text              subject id
-- $3 double precision  seconds
UPDATE audiences AS a
SET turn_at = lockstep_now() + $3 * interval '1 second'
WHERE a.slot = $1 AND a.subject_id = $2
