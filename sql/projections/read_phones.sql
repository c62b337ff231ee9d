-- Reads what plans must know of phones; a token counts only while its value belongs to the device.
-- $1 text[]  device id
-- $2 text[]  attributes type
-- Returns: device_id text, attributes_type text, customer_id text, app text, environment text, ios_version text,
--          activities_enabled boolean, frequent_pushes boolean, forgotten boolean, start_token_hash bytea,
--          start_token_sealed bytea, start_token_refused boolean, start_token_registered_at timestamptz,
--          start_credit double precision, start_credit_at timestamptz, unreported_starts integer,
--          start_token_works_in text, start_token_blocked_until timestamptz, urgent_credit double precision,
--          urgent_credit_at timestamptz, alert_token_hash bytea, alert_token_sealed bytea, alert_token_refused boolean,
--          alert_token_registered_at timestamptz, alert_token_blocked_until timestamptz, start_token_ios text,
--          locale text
SELECT d.device_id, wanted.attributes_type, d.customer_id, d.app, d.environment, d.ios_version, d.activities_enabled,
       d.frequent_pushes, d.forgotten_at IS NOT NULL AS forgotten, t.token_hash AS start_token_hash,
       t.token_sealed AS start_token_sealed, t.refused_at IS NOT NULL AS start_token_refused,
       t.registered_at AS start_token_registered_at, d.start_credit, d.start_credit_at, d.unreported_starts,
       t.works_in AS start_token_works_in, t.blocked_until AS start_token_blocked_until,
       d.urgent_credit, d.urgent_credit_at, a.token_hash AS alert_token_hash, a.token_sealed AS alert_token_sealed,
       a.refused_at IS NOT NULL AS alert_token_refused, a.registered_at AS alert_token_registered_at,
       a.blocked_until AS alert_token_blocked_until, s.ios_version AS start_token_ios, d.locale
FROM unnest($1::text[], $2::text[]) AS wanted(device_id, attributes_type)
JOIN devices AS d ON d.device_id = wanted.device_id
LEFT JOIN start_tokens AS s ON s.device_id = d.device_id AND s.attributes_type = wanted.attributes_type
LEFT JOIN push_tokens AS t ON t.app = d.app AND t.environment = d.environment AND t.token_hash = s.token_hash
                          AND t.device_id = d.device_id
LEFT JOIN push_tokens AS a ON a.app = d.app AND a.environment = d.environment AND a.token_hash = d.alert_token_hash
                          AND a.device_id = d.device_id
