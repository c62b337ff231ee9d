-- Begins an app's report of its pictures: reports of one phone wait for one another here. The phone is looked at anew.
-- $1 text  device id
-- Returns: now timestamptz
INSERT INTO asset_debts AS d (device_id, due_at, reported_at)
SELECT $1, now.at, now.at
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (device_id) DO UPDATE
SET debt = d.debt + 1, due_at = least(d.due_at, excluded.due_at), reported_at = excluded.reported_at
RETURNING d.reported_at AS now
