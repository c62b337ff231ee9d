-- Reads the cards of a device that are not over, and those that the phone names; one that is being
-- taken away counts as replaced.
-- $1 smallint[]  slots
-- $2 text        device id
-- Returns: slot smallint, subject_id text, card_id uuid, customer_id text, attributes_type text, activity_id text,
--          phase text, reported_state text, replaced boolean, generation smallint, starter text,
--          created_at timestamptz, started_at timestamptz, shared boolean,
--          now timestamptz
SELECT slot, subject_id, card_id, customer_id, attributes_type, activity_id, phase, reported_state,
       (replaced_at IS NOT NULL OR recalled_at IS NOT NULL) AS replaced, generation, starter, created_at, started_at,
       channel IS NOT NULL AS shared,
       now.at AS now
FROM cards, (SELECT lockstep_now() AS at) AS now
WHERE slot = ANY ($1::smallint[]) AND device_id = $2 AND phase <> 'over'
ORDER BY created_at, card_id
