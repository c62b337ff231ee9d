-- Retires the tokens of a phone, for starts and for ordinary notifications; none is sent to before its app reports
-- another value.
-- $1 text  device id
-- Returns: token_hash bytea
UPDATE push_tokens AS t
SET refused_at = coalesce(t.refused_at, now.at)
FROM (SELECT lockstep_now() AS at) AS now
WHERE t.device_id = $1
RETURNING t.token_hash
