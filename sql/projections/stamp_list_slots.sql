-- Gives a time at which the list of orders changes in some slots, later than any before, and keeps others from changing it
-- there until the end of the transaction.
-- $1 smallint[]  slots
-- Returns: slot smallint, changed_at timestamptz
INSERT INTO order_list_slots AS o (slot, changed_at)
SELECT DISTINCT w.slot, now.at
FROM (SELECT lockstep_now() AS at) AS now, unnest($1::smallint[]) AS w(slot)
ORDER BY w.slot
ON CONFLICT (slot) DO UPDATE SET changed_at = greatest(excluded.changed_at, o.changed_at + interval '1 microsecond')
RETURNING o.slot, o.changed_at
