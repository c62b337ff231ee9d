-- Signs out phones whose app has not launched for so long, and forgets their tokens: Apple's do not live as long. They
-- are flagged, so that their cards are ended; the rows go once that is done.
-- $1 integer  days that are kept
-- $2 bigint   at the most so many
-- Returns: signed_out bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), old AS MATERIALIZED (
    SELECT d.device_id
    FROM now, devices AS d
    WHERE d.confirmed_at < now.at - $1::integer * interval '1 day' AND d.forgotten_at IS NULL
    ORDER BY d.device_id
    LIMIT $2
    FOR UPDATE OF d SKIP LOCKED
), starts AS (
    DELETE FROM start_tokens AS t
    USING old AS o
    WHERE t.device_id = o.device_id
), tokens AS (
    DELETE FROM push_tokens AS t
    USING old AS o
    WHERE t.device_id = o.device_id
), signed_out AS (
    UPDATE devices AS d
    SET customer_id = NULL,
        alert_token_hash = NULL,
        forgotten_at = now.at,
        match_due_at = now.at,
        match_count = d.match_count + 1
    FROM old AS o, now
    WHERE d.device_id = o.device_id
    RETURNING d.device_id
)
SELECT count(*) AS signed_out
FROM signed_out
