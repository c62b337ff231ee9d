-- Reads one card of a device; one that is being taken away counts as replaced.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 uuid      card id
-- Returns: customer_id text, attributes_type text, activity_id text, phase text, reported_state text,
--          replaced boolean, starter text, created_at timestamptz, shared boolean, now timestamptz
SELECT customer_id, attributes_type, activity_id, phase, reported_state,
       (replaced_at IS NOT NULL OR recalled_at IS NOT NULL) AS replaced, starter, created_at,
       channel IS NOT NULL AS shared,
       now.at AS now
FROM cards, (SELECT lockstep_now() AS at) AS now
WHERE slot = $1 AND subject_id = $2 AND card_id = $3
