-- Retires the tokens of phones, for starts and for ordinary notifications; none is sent to before its app reports
-- another value.
-- $1 text[]  device ids
-- Returns: token_hash bytea
UPDATE push_tokens AS t
SET refused_at = coalesce(t.refused_at, now.at)
FROM (SELECT lockstep_now() AS at) AS now
WHERE t.device_id = ANY ($1::text[])
RETURNING t.token_hash
