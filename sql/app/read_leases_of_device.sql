-- Reads the leases under which something of another customer may be on its way to a device.
-- $1 smallint[]  slots
-- $2 text        device id
-- $3 text        whose the device is now; NULL: nobody's
-- Returns: card_id uuid, lease bigint
SELECT card_id, lease
FROM cards
WHERE slot = ANY ($1::smallint[]) AND device_id = $2 AND phase <> 'over' AND leased_at IS NOT NULL
  AND customer_id IS DISTINCT FROM $3 AND blocked_until > lockstep_now()
