-- Lets the matcher look at a phone now.
-- $1 text  device id
UPDATE devices AS d
SET match_due_at = least(d.match_due_at, now.at), match_count = d.match_count + 1
FROM (SELECT lockstep_now() AS at) AS now
WHERE d.device_id = $1
