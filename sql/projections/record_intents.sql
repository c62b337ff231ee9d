-- Writes what is about to be sent, before it is sent, for leases that still hold.
--  $1 smallint[]  slot
--  $2 text[]      subject id
--  $3 uuid[]      card id
--  $4 bigint[]    lease
--  $5 text[]      kind
--  $6 bigint[]    version
--  $7 bigint[]    version that the alert covers; NULL: no alert
--  $8 bigint[]    timestamp
--  $9 uuid[]      apns-id
-- $10 boolean[]  it takes the card from a phone that changed hands, or because its order was moved
-- $11 uuid[]     the channel that a start makes the card follow; NULL: none
-- Returns: card_id uuid
WITH intended AS (
    SELECT *
    FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                $8::bigint[], $9::uuid[], $10::boolean[], $11::uuid[])
         AS i(slot, subject_id, card_id, lease, kind, version, alert, at, apns_id, recall, channel)
), locked AS MATERIALIZED (
    SELECT i.*
    FROM intended AS i
    JOIN cards AS c ON c.slot = i.slot AND c.subject_id = i.subject_id AND c.card_id = i.card_id
    WHERE c.lease = i.lease
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET intent_kind = l.kind,
    intent_version = l.version,
    intent_alert = l.alert,
    intent_timestamp = l.at,
    intent_apns_id = l.apns_id,
    intent_at = now.at,
    timestamp_used = greatest(c.timestamp_used, l.at),
    recalled_at = CASE WHEN l.recall THEN coalesce(c.recalled_at, now.at) ELSE c.recalled_at END,
    carrier = CASE WHEN l.kind <> 'start' THEN c.carrier WHEN l.channel IS NULL THEN 'token' ELSE 'channel' END,
    channel = CASE WHEN l.kind = 'start' THEN l.channel ELSE c.channel END,
    restarts = c.restarts + CASE WHEN c.phase = 'starting' AND l.kind = 'start' THEN 1 ELSE 0 END,
    phase = CASE l.kind WHEN 'start' THEN 'starting' WHEN 'end' THEN 'ending' ELSE c.phase END
FROM locked AS l, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = l.slot AND c.subject_id = l.subject_id AND c.card_id = l.card_id AND c.lease = l.lease
RETURNING c.card_id
