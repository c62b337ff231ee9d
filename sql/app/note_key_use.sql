-- Notes that keys were used; a key is written once a minute at the most, whoever notes it.
-- $1 text[]  key ids
UPDATE api_keys AS k
SET last_used_at = lockstep_now()
FROM unnest($1::text[]) AS used(key_id)
WHERE k.key_id = used.key_id
  AND (k.last_used_at IS NULL OR k.last_used_at < lockstep_now() - interval '1 minute')
