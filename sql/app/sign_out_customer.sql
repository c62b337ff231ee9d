-- Signs a customer's phones out and forgets their tokens, save those whose app has launched since. They are flagged, so
-- that their cards are ended.
-- $1 text         customer id
-- $2 timestamptz  launched at this time or earlier
-- Returns: device_id text
WITH theirs AS MATERIALIZED (
    SELECT d.device_id
    FROM devices AS d
    WHERE d.customer_id = $1 AND d.confirmed_at <= $2
    ORDER BY d.device_id
    FOR UPDATE
), starts AS (
    DELETE FROM start_tokens AS t
    USING theirs AS o
    WHERE t.device_id = o.device_id
), tokens AS (
    DELETE FROM push_tokens AS t
    USING theirs AS o
    WHERE t.device_id = o.device_id
)
UPDATE devices AS d
SET customer_id = NULL,
    alert_token_hash = NULL,
    forgotten_at = now.at,
    match_due_at = now.at,
    match_count = d.match_count + 1
FROM theirs AS o, (SELECT lockstep_now() AS at) AS now
WHERE d.device_id = o.device_id
RETURNING d.device_id
