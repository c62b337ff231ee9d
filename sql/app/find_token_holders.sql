-- Finds whose push tokens are, and when each told of it last: with every launch, as long as it has it.
-- $1 text[]   app
-- $2 text[]   environment
-- $3 bytea[]  blind index
-- Returns: app text, environment text, token_hash bytea, device_id text, told_at timestamptz
SELECT t.app, t.environment, t.token_hash, t.device_id,
       CASE WHEN d.forgotten_at IS NULL
              AND (d.alert_token_hash = t.token_hash
                   OR EXISTS (SELECT FROM start_tokens AS s
                              WHERE s.device_id = t.device_id AND s.token_hash = t.token_hash))
            THEN greatest(t.registered_at, d.confirmed_at) ELSE t.registered_at END AS told_at
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS w(app, environment, token_hash)
JOIN push_tokens AS t ON t.app = w.app AND t.environment = w.environment AND t.token_hash = w.token_hash
LEFT JOIN devices AS d ON d.device_id = t.device_id
