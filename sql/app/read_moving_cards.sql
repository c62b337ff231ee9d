-- Reads the cards that are on iPhones, as far as anybody knows, with the latest timestamp that a push may have carried.
-- $1 smallint[]  slots
-- $2 text[]      device ids
-- Returns: device_id text, subject_id text, attributes_type text, activity_id text, reported_state text,
--          token_sealed bytea, token_registered_at timestamptz, started_at timestamptz, pushed_at bigint
SELECT c.device_id, c.subject_id, c.attributes_type, c.activity_id, c.reported_state,
       CASE WHEN c.token_hash IS DISTINCT FROM c.refused_hash THEN c.token_sealed END AS token_sealed,
       c.token_registered_at, coalesce(c.started_at, c.intent_at, c.created_at) AS started_at,
       CASE WHEN c.leased_at IS NULL THEN c.timestamp_used
            ELSE greatest(c.timestamp_used, c.timestamp_reserved) END AS pushed_at
FROM cards AS c
WHERE c.slot = ANY ($1::smallint[]) AND c.device_id = ANY ($2::text[]) AND c.environment <> 'fcm'
  AND c.phase IN ('starting', 'shown', 'ending')
  AND (c.reported_state IS NULL OR c.reported_state NOT IN ('dismissed', 'ended'))
ORDER BY c.device_id, c.subject_id, c.generation, c.card_id
