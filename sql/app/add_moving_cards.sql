-- Adds cards that another backend has started, each as the next generation of its subject on its phone, in debt; none to
-- a subject that is archived, or about to be. One that a faster writer has added is left out.
--  $1 smallint[]     slot
--  $2 text[]         subject id
--  $3 uuid[]         card id
--  $4 text[]         device id
--  $5 text[]         customer id
--  $6 text[]         app
--  $7 text[]         environment
--  $8 text[]         attributes type
--  $9 smallint[]     generation
-- $10 text[]         ActivityKit's id
-- $11 text[]         reported state
-- $12 bytea[]        the update token's blind index; NULL: none
-- $13 bytea[]        the update token, sealed
-- $14 timestamptz[]  when it was told of
-- $15 timestamptz[]  started at
-- $16 bigint[]       timestamp of the last push
-- $17 bigint[]       version that it showed; NULL: not known
-- Returns: card_id uuid, archived boolean
WITH moving AS MATERIALIZED (
    SELECT *
    FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::smallint[], $10::text[], $11::text[], $12::bytea[], $13::bytea[], $14::timestamptz[],
                $15::timestamptz[], $16::bigint[], $17::bigint[])
         AS m(slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, generation,
              activity_id, state, token_hash, token_sealed, token_at, started_at, timestamp_used, told_version)
), heads_there AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.archived_at
    FROM heads AS h
    WHERE (h.slot, h.subject_id) IN (SELECT m.slot, m.subject_id FROM moving AS m)
    ORDER BY h.slot, h.subject_id
    FOR KEY SHARE
), archived AS (
    SELECT m.card_id
    FROM moving AS m
    JOIN heads_there AS h ON h.slot = m.slot AND h.subject_id = m.subject_id
    WHERE h.archived_at IS NOT NULL
), added AS (
    INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, generation,
                       starter, lane, created_at, due_at, debt, activity_id, reported_state, reported_at, token_hash,
                       token_sealed, token_registered_at, phase, started_at, timestamp_used, accepted_version,
                       alerted_version)
    SELECT m.slot, m.subject_id, m.card_id, m.device_id, m.customer_id, m.app, m.environment, m.attributes_type,
           m.generation, 'other', 1, m.started_at, now.at, 1, m.activity_id, m.state, now.at, m.token_hash,
           m.token_sealed, m.token_at, 'shown', m.started_at, m.timestamp_used, m.told_version,
           coalesce(m.told_version, 0)
    FROM moving AS m, (SELECT lockstep_now() AS at) AS now
    WHERE NOT EXISTS (SELECT FROM archived AS a WHERE a.card_id = m.card_id)
    ORDER BY m.slot, m.subject_id, m.card_id
    ON CONFLICT (slot, subject_id, device_id, attributes_type, generation) DO NOTHING
    RETURNING card_id
)
SELECT card_id, false AS archived
FROM added
UNION ALL
SELECT card_id, true
FROM archived
