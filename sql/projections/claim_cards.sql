-- Takes cards in debt under a new lease, the longest due first in each place, and reserves the timestamp of their next
-- push: later than any that was used, and than any that a worker may have used before it vanished.
-- A lease leaves claim_at alone, so that a claim writes to no index; cards under a lease are passed over.
-- $1 smallint[]         where to look, in the order of preference: slot,
-- $2 smallint[]         lane, and, below, environment
-- $3 bigint             at the most so many a place
-- $4 bigint             at the most so many
-- $5 double precision   seconds of lease
-- $6 text[]             keys: app, or * for those that no other key names
-- $7 text[]             keys: environment
-- $8 text[]             keys: key id
-- $9 text[]             where to look: environment
-- $10 text[]            keys whose cards are left alone: key id/environment
-- Returns: slot smallint, subject_id text, card_id uuid, device_id text, customer_id text, app text,
--          attributes_type text, generation smallint, starter text, created_at timestamptz, debt bigint,
--          activity_id text, reported_state text, reported_at timestamptz, token_hash bytea, token_sealed bytea,
--          token_registered_at timestamptz, replaced boolean, phase text, lease bigint, lease_ran_out boolean,
--          timestamp_used bigint, alerted_version bigint, intent_kind text, intent_version bigint,
--          intent_alert bigint, intent_timestamp bigint, intent_apns_id uuid, intent_at timestamptz,
--          accepted_version bigint, accepted_hash bytea, started_at timestamptz, refused_hash bytea, suspect_hash bytea,
--          attempts integer, restarts integer, next_generation boolean, environment text, last_answer text,
--          same_answers integer, recalled boolean, unreported boolean, tried_hash bytea,
--          tried_environment text, freshness text, channel uuid, asked text, shadowed boolean, now timestamptz
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), paused AS MATERIALIZED (
    SELECT p.kind, p.key
    FROM now, pauses AS p
    WHERE p.until IS NULL OR p.until > now.at
    UNION ALL
    SELECT 'credential', k.key
    FROM unnest($10::text[]) AS k(key)
), open AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM paused WHERE kind = 'all') AS yes
), served AS MATERIALIZED (
    SELECT k.app, k.environment, k.key_id || '/' || k.environment AS credential
    FROM unnest($6::text[], $7::text[], $8::text[]) AS k(app, environment, key_id)
), taken AS MATERIALIZED (
    SELECT d.*
    FROM now, unnest($1::smallint[], $2::smallint[], $9::text[]) AS wanted(slot, lane, environment)
    CROSS JOIN LATERAL (
        SELECT c.slot, c.subject_id, c.card_id, c.leased_at AS left_at
        FROM cards AS c
        WHERE (SELECT yes FROM open) AND c.slot = wanted.slot AND c.lane = wanted.lane
          AND c.environment = wanted.environment AND c.claim_at <= now.at
          AND (c.leased_until IS NULL OR c.leased_until <= now.at)
          AND NOT EXISTS (
              SELECT FROM paused AS p
              WHERE p.kind = 'app' AND p.key = c.app
                 OR p.kind = 'type' AND p.key = c.attributes_type
                 OR p.kind = 'topic' AND p.key = c.app || '/' || c.environment
                 OR p.kind = 'credential' AND p.key = (
                        SELECT k.credential
                        FROM served AS k
                        WHERE k.environment = c.environment AND k.app IN (c.app, '*')
                        ORDER BY k.app = '*'
                        LIMIT 1))
        ORDER BY c.claim_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    ) AS d
    LIMIT $4
)
UPDATE cards AS c
SET lease = c.lease + 1,
    leased_at = now.at,
    leased_until = now.at + $5 * interval '1 second',
    timestamp_used = CASE WHEN t.left_at IS NULL THEN c.timestamp_used
                          ELSE greatest(c.timestamp_used, c.timestamp_reserved) END,
    timestamp_reserved = greatest(floor(extract(epoch FROM now.at))::bigint,
                                  CASE WHEN t.left_at IS NULL THEN c.timestamp_used
                                       ELSE greatest(c.timestamp_used, c.timestamp_reserved) END + 1)
FROM taken AS t, now
WHERE c.slot = t.slot AND c.subject_id = t.subject_id AND c.card_id = t.card_id
RETURNING c.slot, c.subject_id, c.card_id, c.device_id, c.customer_id, c.app, c.attributes_type, c.generation,
          c.starter, c.created_at, c.debt, c.activity_id, c.reported_state, c.reported_at, c.token_hash,
          c.token_sealed, c.token_registered_at, c.replaced_at IS NOT NULL AS replaced, c.phase, c.lease,
          t.left_at IS NOT NULL AS lease_ran_out, c.timestamp_used, c.alerted_version, c.intent_kind,
          c.intent_version, c.intent_alert, c.intent_timestamp, c.intent_apns_id, c.intent_at, c.accepted_version,
          c.accepted_hash, c.started_at, c.refused_hash, c.suspect_hash, c.attempts,
          c.restarts,
          EXISTS (SELECT FROM cards AS n
                  WHERE n.slot = c.slot AND n.subject_id = c.subject_id AND n.device_id = c.device_id
                    AND n.attributes_type = c.attributes_type AND n.generation > c.generation) AS next_generation,
          c.environment, c.last_answer, c.same_answers, c.recalled_at IS NOT NULL AS recalled, c.unreported,
          c.tried_hash, c.tried_environment, c.freshness, c.channel,
          CASE WHEN c.asked = 'resend' AND c.accepted_at >= c.asked_at THEN NULL ELSE c.asked END AS asked,
          EXISTS (SELECT FROM shadows AS s
                  WHERE s.kind = 'all'
                     OR s.kind = 'app' AND s.key = c.app
                     OR s.kind = 'type' AND s.key = c.attributes_type
                     -- a hash that is the same everywhere and for ever: a customer stays on one side
                     OR s.kind = 'share' AND ('x' || left(md5(c.customer_id), 7))::bit(28)::integer % 100
                                             < s.key::integer) AS shadowed,
          now.at AS now
