-- Writes folded views by compare-and-set and, for those that won alone, puts their cards in debt: at once, or, for a
-- crowd of cards, by a row from which the spreader goes on. A channel is in debt in the place of the cards that follow it.
-- Gives a row for each winner, and one more for each card or channel put in debt.
--  $1 smallint[]    slot
--  $2 smallint[]    generation
--  $3 text[]        subject id
--  $4 bigint[]      version folded from, 0 for none
--  $5 bigint[]      version folded to
--  $6 json[]        state
--  $7 bytea[]       sealed state
--  $8 bytea[]       fingerprint
--  $9 text[]        customer id
-- $10 text[]        status
-- $11 boolean[]     over
-- $12 timestamptz[] when the matcher should look; NULL leaves it as it is, or drops it, where the subject is over
-- $13 text[]        the type of the next event with its version, where it could not be read; NULL: it could
-- Returns: slot smallint, subject_id text, owing boolean, crowd boolean, quarantined boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), folded AS (
    SELECT f.*, now.at
    FROM now,
         unnest($1::smallint[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::json[], $7::bytea[],
                $8::bytea[], $9::text[], $10::text[], $11::boolean[], $12::timestamptz[],
                $13::text[])
         AS f(slot, generation, subject_id, prev_version, version, state, sealed, fingerprint, customer_id, status,
              over, match_due_at, held_for)
), won AS (
    INSERT INTO views AS v (slot, generation, subject_id, version, prev_version, state, sealed, fingerprint, folded_at,
                            customer_id, status, over, match_due_at, match_count, held_for, held_by_fold)
    SELECT slot, generation, subject_id, version, prev_version, state, sealed, fingerprint, at, customer_id, status,
           over, match_due_at, CASE WHEN match_due_at IS NULL THEN 0 ELSE 1 END, held_for,
           CASE WHEN held_for IS NOT NULL THEN 2147483647 END
    FROM folded
    ORDER BY slot, generation, subject_id
    ON CONFLICT (slot, generation, subject_id) DO UPDATE
        SET version = excluded.version,
            prev_version = excluded.prev_version,
            state = excluded.state,
            sealed = excluded.sealed,
            fingerprint = excluded.fingerprint,
            folded_at = excluded.folded_at,
            customer_id = excluded.customer_id,
            status = excluded.status,
            over = excluded.over,
            match_due_at = coalesce(excluded.match_due_at, CASE WHEN NOT excluded.over THEN v.match_due_at END),
            match_count = v.match_count + excluded.match_count,
            held_for = excluded.held_for,
            held_by_fold = excluded.held_by_fold
        WHERE v.version = excluded.prev_version
    RETURNING v.slot, v.subject_id, v.crowd, v.quarantined_at IS NOT NULL AS quarantined
), put_off AS (
    INSERT INTO fan_outs (slot, subject_id, raised_at)
    SELECT w.slot, w.subject_id, now.at
    FROM won AS w, now
    WHERE w.crowd
    ORDER BY w.slot, w.subject_id
    ON CONFLICT (slot, subject_id) DO UPDATE SET after = NULL
), owing AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM won AS w
    JOIN cards AS c ON c.slot = w.slot AND c.subject_id = w.subject_id
    WHERE NOT w.crowd AND c.phase <> 'over' AND (c.carrier = 'token' OR c.phase IN ('wanted', 'starting'))
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
), indebted AS (
    UPDATE cards AS c
    SET due_at = least(c.due_at, now.at), debt = c.debt + 1
    FROM owing AS o, now
    WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
    RETURNING c.slot, c.subject_id
), publishing AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.channel
    FROM won AS w
    JOIN channels AS h ON h.slot = w.slot AND h.subject_id = w.subject_id
    WHERE h.phase IN ('wanted', 'creating', 'open', 'closing')
    ORDER BY h.slot, h.subject_id, h.channel
    FOR UPDATE OF h
), announced AS (
    UPDATE channels AS h
    SET due_at = least(h.due_at, now.at), debt = h.debt + 1
    FROM publishing AS p, now
    WHERE h.slot = p.slot AND h.subject_id = p.subject_id AND h.channel = p.channel
    RETURNING h.slot, h.subject_id
)
SELECT slot, subject_id, false AS owing, crowd, quarantined
FROM won
UNION ALL
SELECT slot, subject_id, true AS owing, false AS crowd, false AS quarantined
FROM indebted
UNION ALL
SELECT slot, subject_id, true AS owing, false AS crowd, false AS quarantined
FROM announced
