-- Locks the cards of subjects on phones, over or not.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 text[]      device id
-- Returns: subject_id text, device_id text, card_id uuid, attributes_type text, generation smallint, starter text,
--          phase text, activity_id text, reported_state text, token_hash bytea, token_registered_at timestamptz,
--          timestamp_used bigint, started_at timestamptz
SELECT c.subject_id, c.device_id, c.card_id, c.attributes_type, c.generation, c.starter, c.phase, c.activity_id,
       c.reported_state, c.token_hash, c.token_registered_at, c.timestamp_used, c.started_at
FROM unnest($1::smallint[], $2::text[], $3::text[]) AS w(slot, subject_id, device_id)
JOIN cards AS c ON c.slot = w.slot AND c.subject_id = w.subject_id AND c.device_id = w.device_id
ORDER BY c.slot, c.subject_id, c.card_id
FOR UPDATE OF c
