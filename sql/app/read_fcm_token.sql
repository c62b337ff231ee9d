-- Reads the registration token of a phone with Android, while it has one that Google has not refused.
-- $1 text  device id
-- Returns: token_hash bytea, token_sealed bytea
SELECT t.token_hash, t.token_sealed
FROM devices AS d
JOIN start_tokens AS s ON s.device_id = d.device_id
JOIN push_tokens AS t ON t.app = d.app AND t.environment = d.environment AND t.token_hash = s.token_hash
                     AND t.device_id = d.device_id AND t.refused_at IS NULL
WHERE d.device_id = $1 AND d.environment = 'fcm'
LIMIT 1
