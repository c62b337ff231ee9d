-- Writes what became of leases. A lease that was lost meanwhile, or is settled already, changes nothing.
-- The card is due again at the time given, or at once if somebody added a reason to look since the claim. Says of each
-- what the outcome before was, and whether anybody listens to what becomes of cards.
-- A start that made a card follow a channel, and carried something else than was published there, has crossed that
-- push: the channel is looked at once the phone has had time to follow.
--  $1 smallint[]         slot
--  $2 text[]             subject id
--  $3 uuid[]             card id
--  $4 bigint[]           lease
--  $5 bigint[]           debt as it was claimed
--  $6 text[]             phase
--  $7 bigint[]           version considered
--  $8 timestamptz[]      due again at; NULL: when there is a reason
--  $9 double precision[] seconds that nothing may be sent for
-- $10 bigint[]           timestamp used
-- $11 bigint[]           alerted version
-- $12 boolean[]          the intent stands (its answer is unknown)
-- $13 bigint[]           accepted version; NULL: as it was
-- $14 bytea[]            accepted content hash
-- $15 boolean[]          started now
-- $16 bytea[]            token value refused; NULL: as it was
-- $17 integer[]          attempts
-- $18 text[]             outcome
-- $19 text[]             why
-- $20 bytea[]            token value refused for the first time; NULL: as it was
-- $21 boolean[]          recalled: the card is over because the phone changed hands, or its order was moved
-- $22 uuid[]             id of the next generation to add; NULL: none
-- $23 text[]             what APNs said last, and
-- $24 integer[]          how often in a row
-- $25 boolean[]          the start was accepted, and its app never told of the card
-- $26 bytea[]            token value that the other environment is tried for; NULL: as it was
-- $27 text[]             that environment
-- $28 text[]             freshness that was told; NULL: as it was
-- $29 double precision   seconds that a phone takes to follow a channel
-- $30 double precision[] seconds after which a new card is looked at again at the latest; NULL: as $8 says
-- Returns: slot smallint, card_id uuid, due boolean, before text, listened boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), listened AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM webhooks) OR EXISTS (SELECT FROM card_streams) AS yes
), settled AS (
    SELECT *
    FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[],
                $8::timestamptz[], $9::double precision[], $10::bigint[], $11::bigint[], $12::boolean[],
                $13::bigint[], $14::bytea[], $15::boolean[], $16::bytea[], $17::integer[], $18::text[], $19::text[],
                $20::bytea[], $21::boolean[], $22::uuid[], $23::text[], $24::integer[], $25::boolean[], $26::bytea[], $27::text[],
                $28::text[], $30::double precision[])
         AS s(slot, subject_id, card_id, lease, debt, phase, considered_version, next_at, block_seconds,
              timestamp_used, alerted_version, intent_stands, accepted_version, accepted_hash, started,
              refused_hash, attempts, outcome, why, suspect_hash,
              recalled, next_card_id, last_answer, same_answers, unreported,
              tried_hash, tried_environment, freshness, look_seconds)
), locked AS MATERIALIZED (
    SELECT s.*, c.outcome AS before
    FROM settled AS s
    JOIN cards AS c ON c.slot = s.slot AND c.subject_id = s.subject_id AND c.card_id = s.card_id
    WHERE c.lease = s.lease AND c.leased_at IS NOT NULL
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
), updated AS (
    UPDATE cards AS c
    SET phase = l.phase,
        -- a start may wait among many; what comes after it may not
        lane = CASE WHEN l.phase = 'wanted' THEN c.lane ELSE 0 END,
        considered_version = greatest(c.considered_version, l.considered_version),
        due_at = CASE WHEN l.phase = 'over' THEN NULL WHEN c.debt <> l.debt THEN now.at
                      ELSE least(l.next_at, now.at + l.look_seconds * interval '1 second') END,
        blocked_until = now.at + l.block_seconds * interval '1 second',
        leased_at = NULL,
        leased_until = NULL,
        timestamp_used = greatest(c.timestamp_used, l.timestamp_used),
        alerted_version = greatest(c.alerted_version, l.alerted_version),
        intent_kind = CASE WHEN l.intent_stands THEN c.intent_kind END,
        accepted_version = coalesce(l.accepted_version, c.accepted_version),
        accepted_hash = coalesce(l.accepted_hash, c.accepted_hash),
        accepted_at = CASE WHEN l.accepted_version IS NULL THEN c.accepted_at ELSE now.at END,
        -- of a start without an answer nobody knows more than when it left
        started_at = coalesce(c.started_at,
                              CASE WHEN l.started AND l.accepted_version IS NULL AND c.intent_kind = 'start'
                                   THEN c.intent_at END,
                              CASE WHEN l.started THEN now.at END),
        refused_hash = coalesce(l.refused_hash, c.refused_hash),
        suspect_hash = coalesce(l.suspect_hash, c.suspect_hash),
        recalled_at = CASE WHEN l.recalled THEN coalesce(c.recalled_at, now.at) ELSE c.recalled_at END,
        attempts = l.attempts,
        last_answer = l.last_answer,
        same_answers = l.same_answers,
        unreported = c.unreported OR l.unreported,
        environment = coalesce(l.tried_environment, c.environment),
        tried_hash = coalesce(l.tried_hash, c.tried_hash),
        tried_environment = coalesce(l.tried_environment, c.tried_environment),
        freshness = coalesce(l.freshness, c.freshness),
        outcome = l.outcome,
        why = l.why,
        outcome_at = now.at
    FROM locked AS l, now
    WHERE c.slot = l.slot AND c.subject_id = l.subject_id AND c.card_id = l.card_id AND c.lease = l.lease
    RETURNING c.slot, c.subject_id, c.device_id, c.customer_id, c.app, c.environment, c.attributes_type, c.generation,
              l.next_card_id, c.due_at, c.card_id, l.before,
              c.channel, l.started, coalesce(c.accepted_version, c.intent_version) AS shown_version,
              c.accepted_hash
), renewed AS (
    INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type,
                       generation, starter, lane, created_at, due_at, debt)
    SELECT u.slot, u.subject_id, u.next_card_id, u.device_id, u.customer_id, u.app, u.environment,
           -- the card of before is there meanwhile, and a crowd's are renewed within minutes of one another
           u.attributes_type, u.generation + 1, 'server', 1, now.at, now.at, 1
    FROM updated AS u, now
    WHERE u.next_card_id IS NOT NULL
    ON CONFLICT (slot, subject_id, device_id, attributes_type, generation) DO NOTHING
    RETURNING slot
), crossing AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.channel
    FROM channels AS h
    WHERE (h.slot, h.subject_id, h.channel) IN (
              SELECT u.slot, u.subject_id, u.channel
              FROM updated AS u
              WHERE u.started AND u.channel IS NOT NULL)
      AND h.phase IN ('open', 'closing', 'ended')
      AND h.published_at IS NOT NULL
      AND EXISTS (
              SELECT FROM updated AS u
              WHERE u.channel = h.channel AND u.started
                AND (u.shown_version < h.accepted_version OR u.accepted_hash IS DISTINCT FROM h.accepted_hash))
    ORDER BY h.slot, h.subject_id, h.channel
    FOR UPDATE OF h
), crossed AS (
    UPDATE channels AS h
    SET due_at = least(h.due_at, now.at + $29 * interval '1 second'), debt = h.debt + 1
    FROM crossing AS x, now
    WHERE h.slot = x.slot AND h.subject_id = x.subject_id AND h.channel = x.channel
)
SELECT u.slot, u.card_id, coalesce(u.due_at <= now.at, false) OR u.next_card_id IS NOT NULL AS due, u.before,
       listened.yes AS listened
FROM updated AS u, now, listened
