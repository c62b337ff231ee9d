-- Reads phones by their ids, with their push tokens that serve; those that have signed out are left out.
-- $1 text    after this device id
-- $2 bigint  at the most so many
-- Returns: device_id text, customer_id text, app text, environment text, ios_version text, android_version text,
--          app_build text, locale text, activities_enabled boolean, frequent_pushes boolean, tags text[],
--          told_at timestamptz, start_types text[], start_tokens bytea[], alert_token bytea
SELECT d.device_id, d.customer_id, d.app, d.environment, d.ios_version, d.android_version, d.app_build, d.locale,
       d.activities_enabled, d.frequent_pushes, d.tags, d.confirmed_at AS told_at,
       coalesce(s.types, '{}') AS start_types, coalesce(s.tokens, '{}') AS start_tokens, a.token_sealed AS alert_token
FROM devices AS d
LEFT JOIN LATERAL (
    SELECT array_agg(s.attributes_type ORDER BY s.attributes_type) AS types,
           array_agg(t.token_sealed ORDER BY s.attributes_type) AS tokens
    FROM start_tokens AS s
    JOIN push_tokens AS t ON t.app = d.app AND t.environment = d.environment AND t.token_hash = s.token_hash
                         AND t.device_id = d.device_id AND t.refused_at IS NULL
    WHERE s.device_id = d.device_id
) AS s ON true
LEFT JOIN push_tokens AS a ON a.app = d.app AND a.environment = d.environment AND a.token_hash = d.alert_token_hash
                          AND a.device_id = d.device_id AND a.refused_at IS NULL
WHERE d.device_id > $1 AND d.forgotten_at IS NULL
ORDER BY d.device_id
LIMIT $2
