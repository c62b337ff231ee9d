-- Adds the cards that are missing, in debt, and clears the flags of their views unless they were raised again; those of
-- views whose time is ahead are moved to it.
-- A card that was recalled, because the phone changed hands or the order was moved, is followed by a new one when its
-- customer comes back or its time does; and so is one that was over before the time at which its order is to be shown,
-- unless a person wanted it so. A card for several orders is followed by a new one with the first order after them, and,
-- if it has ended by itself, with the next that joins. A phone that shows the subject by a card of another type keeps that.
--  $1 smallint[]    cards: slot
--  $2 text[]        cards: subject id
--  $3 uuid[]        cards: card id
--  $4 text[]        cards: device id
--  $5 text[]        cards: customer id
--  $6 text[]        cards: app
--  $7 text[]        cards: environment
--  $8 text[]        cards: attributes type
--  $9 text[]        cards: starter
-- $10 double precision[] cards: seconds to wait before the first look
-- $11 timestamptz[] cards: when their order is to be shown; NULL: at once, or it is not for the order that it is looked at
-- $12 smallint[]    cards: lane
-- $13 smallint[]    views: slot
-- $14 smallint[]    views: generation
-- $15 text[]        views: subject id
-- $16 bigint[]      views: the flag's counter as it was read
-- $17 timestamptz[] views: when to look again; NULL: when the flag is raised
-- $18 timestamptz[] cards: when that began which they show; those from before are of what is over. NULL: no such time
-- Returns: slot smallint, subject_id text, cards bigint
WITH now AS (
    SELECT lockstep_now() AS at
), added AS (
    INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type,
                       generation, starter, lane, created_at, due_at, debt)
    SELECT c.slot, c.subject_id, c.card_id, c.device_id, c.customer_id, c.app, c.environment, c.attributes_type,
           coalesce((SELECT r.generation
                            + CASE WHEN r.recalled_at IS NOT NULL OR r.created_at < c.begun_at
                                     OR r.phase = 'over' AND r.outcome_at < c.show_at AND r.asked IS DISTINCT FROM 'end'
                                        AND r.reported_state IS DISTINCT FROM 'dismissed'
                                   THEN 1 ELSE 0 END
                     FROM cards AS r
                     WHERE r.slot = c.slot AND r.subject_id = c.subject_id AND r.device_id = c.device_id
                       AND r.attributes_type = c.attributes_type
                     ORDER BY r.generation DESC
                     LIMIT 1), 1),
           c.starter, c.lane,
           greatest(now.at, c.begun_at), now.at + c.wait_seconds * interval '1 second', 1
    FROM now, unnest($1::smallint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::double precision[], $11::timestamptz[], $12::smallint[],
                     $18::timestamptz[])
         AS c(slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, starter,
              wait_seconds, show_at, lane, begun_at)
    WHERE NOT EXISTS (
        SELECT FROM cards AS o
        WHERE o.slot = c.slot AND o.subject_id = c.subject_id AND o.device_id = c.device_id
          AND o.attributes_type <> c.attributes_type AND o.phase IN ('starting', 'shown', 'ending')
          AND o.recalled_at IS NULL
    )
    ORDER BY c.slot, c.subject_id, c.device_id, c.attributes_type
    ON CONFLICT (slot, subject_id, device_id, attributes_type, generation) DO NOTHING
    RETURNING slot, subject_id
), cleared AS (
    UPDATE views AS v
    SET match_due_at = f.again_at
    FROM unnest($13::smallint[], $14::smallint[], $15::text[], $16::bigint[], $17::timestamptz[])
         AS f(slot, generation, subject_id, match_count, again_at)
    WHERE v.slot = f.slot AND v.generation = f.generation AND v.subject_id = f.subject_id
      AND v.match_count = f.match_count
)
SELECT slot, subject_id, count(*) AS cards
FROM added
GROUP BY slot, subject_id
