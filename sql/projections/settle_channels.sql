-- Writes what became of leases of channels. A lease that was lost meanwhile, or is settled already, changes nothing.
-- The channel is due again at the time given, or at once if somebody added a reason to look since the claim. Where its
-- cards must know, they are put in debt: at once, or, for a crowd, by a row from which the spreader goes on.
--  $1 smallint[]         slot
--  $2 text[]             subject id
--  $3 uuid[]             channel
--  $4 bigint[]           lease
--  $5 bigint[]           debt as it was claimed
--  $6 text[]             phase
--  $7 text[]             Apple's id; NULL: as it was
--  $8 bigint[]           version considered
--  $9 timestamptz[]      due again at; NULL: when there is a reason
-- $10 double precision[] seconds that nothing may be sent for
-- $11 bigint[]           timestamp used
-- $12 bigint[]           alerted version
-- $13 bigint[]           accepted version; NULL: as it was
-- $14 bytea[]            accepted content hash
-- $15 timestamptz[]      when the push that was accepted was begun; NULL: none was
-- $16 text[]             freshness that was told; NULL: as it was
-- $17 integer[]          attempts
-- $18 text[]             what APNs said last, and
-- $19 integer[]          how often in a row
-- $20 text[]             outcome
-- $21 text[]             why
-- $22 boolean[]          APNs knows the channel no more, though nobody deleted it
-- $23 boolean[]          the cards that wait for it, and
-- $24 boolean[]          those that follow it, must know
-- $25 boolean[]          APNs has shown that the channel is there, or cannot be asked
-- $26 double precision[] seconds after which a new channel is looked at again at the latest; NULL: as $9 says
-- Returns: slot smallint, due boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), settled AS (
    SELECT *
    FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                $8::bigint[], $9::timestamptz[], $10::double precision[], $11::bigint[], $12::bigint[], $13::bigint[],
                $14::bytea[], $15::timestamptz[], $16::text[], $17::integer[], $18::text[], $19::integer[],
                $20::text[], $21::text[], $22::boolean[], $23::boolean[], $24::boolean[], $25::boolean[],
                $26::double precision[])
         AS s(slot, subject_id, channel, lease, debt, phase, channel_id, considered_version, next_at, block_seconds,
              timestamp_used, alerted_version, accepted_version, accepted_hash, published_at, freshness, attempts,
              last_answer, same_answers, outcome, why, lost, tell_waiting, tell_members,
              seen, look_seconds)
), updated AS (
    UPDATE channels AS h
    SET phase = s.phase,
        channel_id = coalesce(s.channel_id, h.channel_id),
        considered_version = greatest(h.considered_version, s.considered_version),
        due_at = CASE WHEN s.phase = 'gone' THEN NULL WHEN h.debt <> s.debt THEN now.at
                      ELSE least(s.next_at, now.at + s.look_seconds * interval '1 second') END,
        blocked_until = now.at + s.block_seconds * interval '1 second',
        leased_at = NULL,
        leased_until = NULL,
        timestamp_used = greatest(h.timestamp_used, s.timestamp_used),
        -- the intent has counted an alert as spoken; what provably failed was not
        alerted_version = s.alerted_version,
        accepted_version = coalesce(s.accepted_version, h.accepted_version),
        accepted_hash = coalesce(s.accepted_hash, h.accepted_hash),
        accepted_at = CASE WHEN s.published_at IS NULL THEN h.accepted_at ELSE now.at END,
        published_at = coalesce(s.published_at, h.published_at),
        published = h.published + CASE WHEN s.published_at IS NULL THEN 0 ELSE 1 END,
        freshness = coalesce(s.freshness, h.freshness),
        attempts = s.attempts,
        last_answer = s.last_answer,
        same_answers = s.same_answers,
        outcome = s.outcome,
        why = s.why,
        outcome_at = now.at,
        lost = h.lost OR s.lost,
        missing_at = CASE WHEN NOT s.seen THEN h.missing_at END
    FROM settled AS s, now
    WHERE h.slot = s.slot AND h.subject_id = s.subject_id AND h.channel = s.channel AND h.lease = s.lease
      AND h.leased_at IS NOT NULL
    RETURNING h.slot, h.subject_id, h.channel, h.app, h.attributes_type, h.due_at, s.tell_waiting, s.tell_members
), telling AS MATERIALIZED (
    SELECT u.*, coalesce(v.crowd, false) AS crowd
    FROM updated AS u
    JOIN slots AS z ON z.slot = u.slot
    LEFT JOIN views AS v ON v.slot = u.slot AND v.generation = z.generation AND v.subject_id = u.subject_id
    WHERE u.tell_waiting OR u.tell_members
), put_off AS (
    INSERT INTO fan_outs AS f (slot, subject_id, raised_at, members)
    SELECT t.slot, t.subject_id, now.at, bool_or(t.tell_members)
    FROM telling AS t, now
    WHERE t.crowd
    GROUP BY t.slot, t.subject_id, now.at
    ORDER BY t.slot, t.subject_id
    ON CONFLICT (slot, subject_id) DO UPDATE SET after = NULL, members = f.members OR excluded.members
), owing AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM telling AS t
    JOIN cards AS c ON c.slot = t.slot AND c.subject_id = t.subject_id
    WHERE NOT t.crowd AND c.phase <> 'over'
      AND (t.tell_members AND c.channel = t.channel
           OR t.tell_waiting AND c.phase = 'wanted' AND c.app = t.app AND c.attributes_type = t.attributes_type)
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
), indebted AS (
    UPDATE cards AS c
    SET due_at = least(c.due_at, now.at), debt = c.debt + 1
    FROM owing AS o, now
    WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
    RETURNING c.slot
)
SELECT u.slot, coalesce(u.due_at <= now.at, false) AS due
FROM updated AS u, now
UNION ALL
SELECT slot, true AS due
FROM indebted
