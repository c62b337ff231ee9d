-- Tells when the list of orders changed last in each of some slots; those in which it never has are left out.
-- $1 smallint[]  slots
-- Returns: slot smallint, changed_at timestamptz
SELECT o.slot, o.changed_at
FROM order_list_slots AS o
WHERE o.slot = ANY ($1::smallint[])
