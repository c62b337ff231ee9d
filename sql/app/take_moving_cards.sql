-- Writes what another backend knows of cards that are here, and puts them in debt. One that was only wanted becomes the
-- one that is on the phone. Whoever has a lease on one loses it, and so sends nothing that was planned without knowing.
--  $1 smallint[]     slot
--  $2 text[]         subject id
--  $3 uuid[]         card id
--  $4 text[]         environment
--  $5 text[]         ActivityKit's id
--  $6 text[]         reported state
--  $7 bytea[]        the newer update token's blind index; NULL: the one that is here stands
--  $8 bytea[]        the update token, sealed
--  $9 timestamptz[]  when it was told of
-- $10 timestamptz[]  started at
-- $11 bigint[]       timestamp of the last push
-- $12 bigint[]       version that it showed; NULL: not known
-- $13 text[]         attributes type, which one that was only wanted takes
UPDATE cards AS c
SET starter = CASE WHEN c.phase = 'wanted' THEN 'other' ELSE c.starter END,
    created_at = CASE WHEN c.phase = 'wanted' THEN m.started_at ELSE c.created_at END,
    started_at = CASE WHEN c.phase = 'wanted' THEN m.started_at ELSE c.started_at END,
    attributes_type = CASE WHEN c.phase = 'wanted' THEN m.attributes_type ELSE c.attributes_type END,
    phase = CASE WHEN c.phase = 'wanted' THEN 'shown' ELSE c.phase END,
    lane = 1,
    activity_id = coalesce(c.activity_id, m.activity_id),
    reported_state = CASE WHEN c.reported_state = 'active' AND m.state = 'starting' THEN c.reported_state
                          ELSE m.state END,
    reported_at = now.at,
    environment = CASE WHEN m.token_hash IS NULL THEN c.environment ELSE m.environment END,
    token_hash = coalesce(m.token_hash, c.token_hash),
    token_sealed = CASE WHEN m.token_hash IS NULL THEN c.token_sealed ELSE m.token_sealed END,
    token_registered_at = CASE WHEN m.token_hash IS NULL THEN c.token_registered_at ELSE m.token_at END,
    blocked_until = CASE WHEN m.token_hash IS NULL THEN c.blocked_until END,
    -- what the phone shows since the other's push is not known
    accepted_hash = CASE WHEN m.timestamp_used > c.timestamp_used THEN NULL ELSE c.accepted_hash END,
    accepted_version = CASE WHEN m.told_version IS NULL THEN c.accepted_version
                            ELSE greatest(c.accepted_version, m.told_version) END,
    alerted_version = greatest(c.alerted_version, m.told_version),
    timestamp_used = greatest(c.timestamp_used, m.timestamp_used,
                              CASE WHEN c.leased_at IS NULL THEN 0 ELSE c.timestamp_reserved END),
    lease = c.lease + 1,
    leased_at = NULL,
    leased_until = NULL,
    due_at = least(c.due_at, now.at),
    debt = c.debt + 1
FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[],
            $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::text[])
         AS m(slot, subject_id, card_id, environment, activity_id, state, token_hash, token_sealed, token_at, started_at,
              timestamp_used, told_version, attributes_type),
     (SELECT lockstep_now() AS at) AS now
WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
