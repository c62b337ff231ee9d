-- Doubts what is known of cards, after a restore or a failover that may have lost the newest writes: one that we may
-- have started meanwhile counts as a start without an answer, and the next push of each is later than any that was sent.
-- $1 smallint[]  slots
-- Returns: doubted bigint, open bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.phase <> 'over'
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE
), doubted AS (
    UPDATE cards AS c
    SET phase = CASE WHEN c.phase = 'wanted' AND c.starter <> 'app' THEN 'starting' ELSE c.phase END,
        intent_kind = CASE WHEN c.phase = 'wanted' AND c.starter <> 'app' THEN 'start' ELSE c.intent_kind END,
        intent_version = CASE WHEN c.phase = 'wanted' AND c.starter <> 'app' THEN c.considered_version ELSE c.intent_version END,
        intent_timestamp = CASE WHEN c.phase = 'wanted' AND c.starter <> 'app' THEN extract(epoch FROM now.at)::bigint
                                ELSE c.intent_timestamp END,
        intent_apns_id = CASE WHEN c.phase = 'wanted' AND c.starter <> 'app' THEN gen_random_uuid() ELSE c.intent_apns_id END,
        intent_at = CASE WHEN c.phase = 'wanted' AND c.starter <> 'app' THEN now.at ELSE c.intent_at END,
        timestamp_used = greatest(c.timestamp_used, extract(epoch FROM now.at)::bigint),
        -- what the phone shows is not known either
        accepted_hash = NULL,
        lease = c.lease + 1,
        leased_at = NULL,
        leased_until = NULL,
        blocked_until = NULL,
        due_at = now.at,
        debt = c.debt + 1
    FROM mine AS m, now
    WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
    RETURNING c.phase
)
SELECT count(*) FILTER (WHERE phase = 'starting') AS doubted, count(*) AS open
FROM doubted
