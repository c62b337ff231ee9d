-- Writes what became of an attempt: of its delivery, unless another has it by now, into the log, and of the webhook.
--  $1 smallint          slot
--  $2 bigint            position
--  $3 text              webhook
--  $4 bigint            lease
--  $5 timestamptz       sent at
--  $6 double precision  seconds that it took
--  $7 smallint          status of the answer; NULL: none came
--  $8 text              what went wrong; NULL: it was taken
--  $9 double precision  seconds until it is sent again; NULL: never
-- $10 double precision  seconds that nothing is sent to the webhook for
-- $11 boolean           nobody listens there any more
-- $12 double precision  seconds after which a webhook that fails is switched off
-- Returns: disabled_why text
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), settled AS (
    UPDATE webhook_deliveries AS d
    SET due_at = CASE WHEN $8::text IS NOT NULL THEN now.at + $9 * interval '1 second' END,
        delivered_at = CASE WHEN $8::text IS NULL THEN now.at END,
        dead_at = CASE WHEN $8::text IS NOT NULL AND $9::double precision IS NULL THEN now.at END
    FROM now
    WHERE d.slot = $1 AND d.position = $2 AND d.webhook = $3 AND d.lease = $4
), tried AS (
    INSERT INTO webhook_attempts (slot, position, webhook, lease, sent_at, seconds, status, error)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8
    WHERE EXISTS (SELECT FROM webhooks AS w WHERE w.name = $3)
    ON CONFLICT DO NOTHING
)
UPDATE webhooks AS w
SET failing_since = CASE WHEN $8::text IS NOT NULL THEN coalesce(w.failing_since, now.at) END,
    -- those that were under way together fail together, and count as one
    failures = CASE WHEN $8::text IS NULL THEN 0 WHEN w.blocked_until > now.at THEN w.failures ELSE w.failures + 1 END,
    blocked_until = CASE WHEN $8::text IS NOT NULL
                         THEN greatest(w.blocked_until, now.at + $10 * interval '1 second') END,
    disabled_at = CASE WHEN $11 OR $8::text IS NOT NULL AND w.failing_since < now.at - $12 * interval '1 second'
                       THEN now.at END,
    disabled_why = CASE WHEN $11 THEN 'It answered 410: nobody listens there any more.'
                        WHEN $8::text IS NOT NULL AND w.failing_since < now.at - $12 * interval '1 second'
                        THEN 'It has taken nothing since '
                             || to_char(w.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC.' END
FROM now
WHERE w.name = $3 AND w.disabled_at IS NULL AND ($8::text IS NOT NULL OR w.failing_since IS NOT NULL)
RETURNING w.disabled_why
