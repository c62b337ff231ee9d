-- Reads the cards of a subject, the oldest first.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: card_id uuid, device_id text, customer_id text, attributes_type text, generation smallint, phase text,
--          reported_state text, considered_version bigint, accepted_version bigint, outcome text, why text,
--          outcome_at timestamptz, due_at timestamptz, blocked_until timestamptz, attempts integer,
--          created_at timestamptz
SELECT card_id, device_id, customer_id, attributes_type, generation, phase, reported_state, considered_version,
       accepted_version, outcome, why, outcome_at, due_at, blocked_until, attempts, created_at
FROM cards
WHERE slot = $1 AND subject_id = $2
ORDER BY created_at, generation, card_id
