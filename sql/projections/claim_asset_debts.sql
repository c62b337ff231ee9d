-- Takes phones that are to be told of pictures, perhaps, under a new lease each; not those whose pushes are paused.
-- $1 bigint            at the most so many
-- $2 double precision  seconds that the lease lasts
-- $3 text[]            apps that signing keys serve, `*` for all others,
-- $4 text[]            their environments
-- $5 text[]            and their key ids
-- $6 text[]            environments to which no connection comes about
-- Returns: device_id text, debt bigint, lease bigint, told_fetch text[], told_drop text[], told_at timestamptz,
--          told_times integer, reported_at timestamptz, credit double precision, credit_at timestamptz,
--          attempts integer, app text, environment text, token_hash bytea, token_sealed bytea, token_refused boolean,
--          token_registered_at timestamptz, token_works_in text, token_blocked_until timestamptz, shadowed boolean,
--          now timestamptz
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), paused AS MATERIALIZED (
    SELECT p.kind, p.key
    FROM now, pauses AS p
    WHERE p.until IS NULL OR p.until > now.at
), served AS MATERIALIZED (
    SELECT k.app, k.environment, k.key_id || '/' || k.environment AS credential
    FROM unnest($3::text[], $4::text[], $5::text[]) AS k(app, environment, key_id)
), taken AS MATERIALIZED (
    SELECT b.device_id
    FROM now, asset_debts AS b
    LEFT JOIN LATERAL (
        SELECT p.app, p.environment FROM devices AS p WHERE p.device_id = b.device_id LIMIT 1
    ) AS d ON true
    WHERE b.claim_at <= now.at AND (b.leased_until IS NULL OR b.leased_until <= now.at)
      AND (d.environment IS NULL OR d.environment <> ALL ($6::text[]))
      AND NOT EXISTS (
          SELECT FROM paused AS p
          WHERE p.kind = 'all'
             OR p.kind = 'app' AND p.key = d.app
             OR p.kind = 'topic' AND p.key = d.app || '/' || d.environment
             OR p.kind = 'credential' AND p.key = (
                    SELECT k.credential
                    FROM served AS k
                    WHERE k.environment = d.environment AND k.app IN (d.app, '*')
                    ORDER BY k.app = '*'
                    LIMIT 1))
    ORDER BY b.claim_at
    LIMIT $1
    FOR UPDATE OF b SKIP LOCKED
), leased AS (
    UPDATE asset_debts AS b
    SET lease = b.lease + 1, leased_until = now.at + $2 * interval '1 second'
    FROM taken AS t, now
    WHERE b.device_id = t.device_id
    RETURNING b.device_id, b.debt, b.lease, b.told_fetch, b.told_drop, b.told_at, b.told_times, b.reported_at, b.credit,
              b.credit_at, b.attempts
)
SELECT l.device_id, l.debt, l.lease, l.told_fetch, l.told_drop, l.told_at, l.told_times, l.reported_at, l.credit,
       l.credit_at, l.attempts, d.app, d.environment, a.token_hash, a.token_sealed,
       a.refused_at IS NOT NULL AS token_refused, a.registered_at AS token_registered_at, a.works_in AS token_works_in,
       a.blocked_until AS token_blocked_until,
       EXISTS (SELECT FROM shadows AS s
               WHERE s.kind = 'all'
                  OR s.kind = 'app' AND s.key = d.app
                  OR s.kind = 'share' AND ('x' || left(md5(d.customer_id), 7))::bit(28)::integer % 100
                                          < s.key::integer) AS shadowed,
       now.at AS now
FROM now, leased AS l
LEFT JOIN LATERAL (
    SELECT p.app, p.environment, p.customer_id, p.alert_token_hash
    FROM devices AS p
    WHERE p.device_id = l.device_id AND p.forgotten_at IS NULL
    LIMIT 1
) AS d ON true
LEFT JOIN push_tokens AS a ON a.app = d.app AND a.environment = d.environment AND a.token_hash = d.alert_token_hash
                          AND a.device_id = l.device_id
