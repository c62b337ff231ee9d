-- Signs a device out for good: nobody's, without tokens, flagged so that its cards are ended.
-- $1 text  device id
-- Returns: device_id text
WITH start AS (
    DELETE FROM start_tokens
    WHERE device_id = $1
), values AS (
    DELETE FROM push_tokens
    WHERE device_id = $1
)
UPDATE devices AS d
SET customer_id = NULL,
    alert_token_hash = NULL,
    forgotten_at = now.at,
    match_due_at = now.at,
    match_count = d.match_count + 1
FROM (SELECT lockstep_now() AS at) AS now
WHERE d.device_id = $1
RETURNING d.device_id
