-- Takes the next moment at which starts may be made, if it has come, and for so long. One that is further off than anybody
-- takes is of a clock that has gone back since.
-- $1 double precision  seconds
-- Returns: taken boolean
INSERT INTO audience_pace AS p (next_at)
SELECT now.at + $1 * interval '1 second'
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (only_row) DO UPDATE
    SET next_at = excluded.next_at
    WHERE p.next_at <= excluded.next_at - $1 * interval '1 second' OR p.next_at > excluded.next_at + interval '1 minute'
RETURNING true AS taken
