-- Gives back of the time that was taken what was not used.
-- $1 double precision  seconds
UPDATE audience_pace
SET next_at = next_at - $1 * interval '1 second'
