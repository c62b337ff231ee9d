-- Notes that nothing is left of a customer, unless the erasure was asked for anew.
-- $1 text         customer id
-- $2 timestamptz  when it was asked for
UPDATE erasures AS e
SET done_at = lockstep_now()
WHERE e.customer_id = $1 AND e.asked_at = $2
