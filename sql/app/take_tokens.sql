-- Takes token values for a device from whoever has them: the latest registration wins. Whoever had one is this phone
-- under an earlier id: that one is signed out, and flagged so that its cards are ended.
-- Run it after `hold_tokens`, in a statement of its own: what another registration wrote while we waited is seen.
-- $1 text      app
-- $2 text      environment
-- $3 text      device id
-- $4 bytea[]   blind indexes
-- $5 text[]    the earlier ids
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), taken AS (
    UPDATE push_tokens AS t
    SET device_id = $3, registered_at = now.at, refused_at = NULL, works_in = NULL, blocked_until = NULL
    FROM now
    WHERE t.app = $1 AND t.environment = $2 AND t.token_hash = ANY ($4::bytea[]) AND t.device_id <> $3
)
UPDATE devices AS d
SET customer_id = NULL,
    alert_token_hash = NULL,
    forgotten_at = now.at,
    match_due_at = now.at,
    match_count = d.match_count + 1
FROM now
WHERE d.device_id = ANY ($5::text[])
