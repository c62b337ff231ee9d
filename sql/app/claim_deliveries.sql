-- Takes deliveries that are due under a new lease: until it runs out they are due for nobody else. One whose fact is
-- kept no longer has nothing to tell, and is dead: it is returned without a fact.
-- $1 text[]            webhooks
-- $2 bigint[]          at the most so many of each
-- $3 smallint[]        where to look, in the order of preference
-- $4 double precision  seconds of lease
-- $5 text              why one is dead whose fact is kept no longer
-- Returns: slot smallint, position bigint, webhook text, lease bigint, attempts integer, url text, failures integer,
--          secret_sealed bytea, previous_sealed bytea, subject_id text, card_id uuid, type text, code text,
--          reason text, at timestamptz, device_id text, customer_id text, app text, attributes_type text,
--          generation smallint, now timestamptz
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), due AS MATERIALIZED (
    SELECT d.slot, d.position, d.webhook
    FROM unnest($1::text[], $2::bigint[]) AS wanted(webhook, most)
    CROSS JOIN LATERAL (
        SELECT e.slot, e.position, e.webhook
        FROM now, unnest($3::smallint[]) WITH ORDINALITY AS place(slot, ord)
        CROSS JOIN LATERAL (
            SELECT o.slot, o.position, o.webhook
            FROM webhook_deliveries AS o
            WHERE o.slot = place.slot AND o.webhook = wanted.webhook AND o.due_at <= now.at
            ORDER BY o.due_at
            LIMIT wanted.most
            FOR UPDATE SKIP LOCKED
        ) AS e
        LIMIT wanted.most
    ) AS d
), found AS MATERIALIZED (
    SELECT d.slot, d.position, d.webhook, f.position IS NOT NULL AS kept
    FROM due AS d
    LEFT JOIN card_facts AS f ON f.slot = d.slot AND f.position = d.position
), taken AS (
    UPDATE webhook_deliveries AS d
    SET lease = d.lease + 1, attempts = d.attempts + 1,
        due_at = CASE WHEN t.kept THEN now.at + $4 * interval '1 second' END,
        dead_at = CASE WHEN NOT t.kept THEN now.at END
    FROM found AS t, now
    WHERE d.slot = t.slot AND d.position = t.position AND d.webhook = t.webhook
    RETURNING d.slot, d.position, d.webhook, d.lease, d.attempts, t.kept
), tried AS (
    INSERT INTO webhook_attempts (slot, position, webhook, lease, sent_at, seconds, error)
    SELECT t.slot, t.position, t.webhook, t.lease, now.at, 0, $5
    FROM taken AS t, now
    WHERE NOT t.kept
    ON CONFLICT DO NOTHING
)
SELECT t.slot, t.position, t.webhook, t.lease, t.attempts, w.url, w.failures, w.secret_sealed,
       CASE WHEN w.previous_until > now.at THEN w.previous_sealed END AS previous_sealed, f.subject_id, f.card_id,
       f.type, f.code, f.reason, f.at, f.device_id, f.customer_id, f.app, f.attributes_type, f.generation,
       now.at AS now
FROM taken AS t
JOIN webhooks AS w ON w.name = t.webhook
LEFT JOIN card_facts AS f ON f.slot = t.slot AND f.position = t.position
CROSS JOIN now
