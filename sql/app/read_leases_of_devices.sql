-- Reads the leases under which something of another customer may be on its way to a phone.
-- $1 smallint[]  slots
-- $2 text[]      the ids that it has had
-- $3 text        whose it is now; NULL: nobody's
-- Returns: card_id uuid, lease bigint
SELECT card_id, lease
FROM cards
WHERE slot = ANY ($1::smallint[]) AND device_id = ANY ($2::text[]) AND phase <> 'over'
  AND customer_id IS DISTINCT FROM $3 AND leased_until > lockstep_now()
