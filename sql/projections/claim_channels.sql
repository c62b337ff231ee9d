-- Takes channels in debt under a new lease, the longest due first, and reserves the timestamp of their next push: later
-- than any that was used, and than any that a worker may have used before it vanished.
-- It is asked to end when a person wants that of every card that follows it; and to say again what it said last.
-- One is followed while a card that is not over has it, or waits to be started. A start has crossed a push if it carried
-- something else, and its phone may have come to the channel after the push, or taken both in one second and so dropped
-- the push: those since $5 seconds before it.
-- $1 smallint[]         slots
-- $2 bigint             at the most so many a slot
-- $3 bigint             at the most so many
-- $4 double precision   seconds of lease
-- $5 double precision   seconds that a phone takes to follow
-- $6 text[]             keys: app, or * for those that no other key names
-- $7 text[]             keys: environment
-- $8 text[]             keys: key id
-- Returns: slot smallint, subject_id text, channel uuid, app text, environment text, attributes_type text,
--          generation smallint, storage text, created_at timestamptz, debt bigint, phase text, channel_id text,
--          lease bigint, timestamp_used bigint, alerted_version bigint, accepted_version bigint, accepted_hash bytea,
--          accepted_at timestamptz, freshness text, attempts integer, last_answer text, same_answers integer,
--          followed boolean, asked_to_end boolean, asked_again boolean, crossed_at timestamptz, missing boolean,
--          shadowed boolean, withheld_until timestamptz, now timestamptz
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), paused AS MATERIALIZED (
    SELECT p.kind, p.key
    FROM now, pauses AS p
    WHERE p.until IS NULL OR p.until > now.at
), served AS MATERIALIZED (
    SELECT k.app, k.environment, k.key_id || '/' || k.environment AS credential
    FROM unnest($6::text[], $7::text[], $8::text[]) AS k(app, environment, key_id)
), taken AS MATERIALIZED (
    SELECT d.*
    FROM now, unnest($1::smallint[]) AS wanted(slot)
    CROSS JOIN LATERAL (
        SELECT h.slot, h.subject_id, h.channel, h.leased_at AS left_at
        FROM channels AS h
        WHERE h.slot = wanted.slot AND h.claim_at <= now.at AND (h.leased_until IS NULL OR h.leased_until <= now.at)
          AND NOT EXISTS (
              SELECT FROM paused AS p
              WHERE p.kind = 'all'
                 OR p.kind = 'app' AND p.key = h.app
                 OR p.kind = 'type' AND p.key = h.attributes_type
                 OR p.kind = 'topic' AND p.key = h.app || '/' || h.environment
                 OR p.kind = 'credential' AND p.key = (
                        SELECT k.credential
                        FROM served AS k
                        WHERE k.environment = h.environment AND k.app IN (h.app, '*')
                        ORDER BY k.app = '*'
                        LIMIT 1))
        ORDER BY h.claim_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    ) AS d
    LIMIT $3
)
UPDATE channels AS h
SET lease = h.lease + 1,
    leased_at = now.at,
    leased_until = now.at + $4 * interval '1 second',
    timestamp_used = CASE WHEN t.left_at IS NULL THEN h.timestamp_used
                          ELSE greatest(h.timestamp_used, h.timestamp_reserved) END,
    timestamp_reserved = greatest(floor(extract(epoch FROM now.at))::bigint,
                                  CASE WHEN t.left_at IS NULL THEN h.timestamp_used
                                       ELSE greatest(h.timestamp_used, h.timestamp_reserved) END + 1)
FROM taken AS t, now
WHERE h.slot = t.slot AND h.subject_id = t.subject_id AND h.channel = t.channel
RETURNING h.slot, h.subject_id, h.channel, h.app, h.environment, h.attributes_type, h.generation, h.storage,
          h.created_at, h.debt, h.phase, h.channel_id, h.lease, h.timestamp_used, h.alerted_version,
          h.accepted_version, h.accepted_hash, h.accepted_at, h.freshness, h.attempts, h.last_answer, h.same_answers,
          EXISTS (SELECT FROM cards AS c
                  WHERE c.slot = h.slot AND c.subject_id = h.subject_id AND c.phase <> 'over'
                    AND (c.channel = h.channel
                         OR c.phase = 'wanted' AND c.app = h.app AND c.attributes_type = h.attributes_type)) AS followed,
          h.end_asked_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM cards AS c
                          WHERE c.slot = h.slot AND c.subject_id = h.subject_id AND c.channel = h.channel
                            AND c.phase <> 'over' AND c.asked IS DISTINCT FROM 'end') AS asked_to_end,
          coalesce(h.resend_asked_at > coalesce(h.published_at, h.created_at), false) AS asked_again,
          (SELECT max(c.started_at)
           FROM cards AS c
           WHERE c.slot = h.slot AND c.subject_id = h.subject_id AND c.carrier = 'channel' AND c.channel = h.channel
             AND c.started_at > h.published_at - $5 * interval '1 second'
             AND (coalesce(c.accepted_version, c.intent_version) < h.accepted_version
                  OR c.accepted_hash IS DISTINCT FROM h.accepted_hash)) AS crossed_at,
          h.missing_at IS NOT NULL AS missing,
          EXISTS (SELECT FROM shadows AS s
                  WHERE s.kind = 'all'
                     OR s.kind = 'app' AND s.key = h.app
                     OR s.kind = 'type' AND s.key = h.attributes_type) AS shadowed,
          (SELECT p.until
           FROM pauses AS p
           WHERE p.kind = 'channels' AND p.key = h.app || '/' || h.environment AND p.until > now.at) AS withheld_until,
          now.at AS now
