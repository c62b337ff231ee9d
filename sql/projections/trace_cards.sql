-- Reads the cards of a subject as a claim would give them, each with what its last plan left behind; those that are
-- not over first, then the newest.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 bigint    at the most so many
-- Returns: slot smallint, subject_id text, card_id uuid, device_id text, customer_id text, app text,
--          attributes_type text, generation smallint, starter text, created_at timestamptz, debt bigint,
--          activity_id text, reported_state text, reported_at timestamptz, token_hash bytea,
--          token_registered_at timestamptz, replaced boolean, phase text, lease bigint, lease_ran_out boolean,
--          timestamp_used bigint, alerted_version bigint, intent_kind text, intent_version bigint,
--          intent_alert bigint, intent_timestamp bigint, intent_apns_id uuid, intent_at timestamptz,
--          accepted_version bigint, accepted_hash bytea, started_at timestamptz, refused_hash bytea, suspect_hash bytea,
--          attempts integer, restarts integer, next_generation boolean, environment text, last_answer text,
--          same_answers integer, recalled boolean, unreported boolean, considered_version bigint,
--          due_at timestamptz, blocked_until timestamptz, leased_at timestamptz, accepted_at timestamptz,
--          outcome text, why text, outcome_at timestamptz, tried_hash bytea, tried_environment text,
--          freshness text, asked text, channel uuid
SELECT c.slot, c.subject_id, c.card_id, c.device_id, c.customer_id, c.app, c.attributes_type, c.generation,
       c.starter, c.created_at, c.debt, c.activity_id, c.reported_state, c.reported_at, c.token_hash,
       c.token_registered_at, c.replaced_at IS NOT NULL AS replaced, c.phase, c.lease,
       coalesce(c.leased_until <= now.at, false) AS lease_ran_out, c.timestamp_used,
       c.alerted_version, c.intent_kind, c.intent_version, c.intent_alert, c.intent_timestamp, c.intent_apns_id,
       c.intent_at, c.accepted_version, c.accepted_hash, c.started_at, c.refused_hash, c.suspect_hash, c.attempts,
       c.restarts,
       EXISTS (SELECT FROM cards AS n
               WHERE n.slot = c.slot AND n.subject_id = c.subject_id AND n.device_id = c.device_id
                 AND n.attributes_type = c.attributes_type AND n.generation > c.generation) AS next_generation,
       c.environment, c.last_answer, c.same_answers, c.recalled_at IS NOT NULL AS recalled, c.unreported,
       c.considered_version, c.due_at,
       greatest(c.blocked_until, c.leased_until) AS blocked_until, c.leased_at, c.accepted_at, c.outcome, c.why, c.outcome_at,
       c.tried_hash, c.tried_environment, c.freshness,
       CASE WHEN c.asked = 'resend' AND c.accepted_at >= c.asked_at THEN NULL ELSE c.asked END AS asked, c.channel
FROM (SELECT lockstep_now() AS at) AS now, cards AS c
WHERE c.slot = $1 AND c.subject_id = $2
ORDER BY c.phase = 'over', c.created_at DESC, c.generation DESC, c.card_id
LIMIT $3
