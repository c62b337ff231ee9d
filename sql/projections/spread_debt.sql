-- Puts the next cards of a crowd in debt, and moves its cursor, or ends it. A fold that comes meanwhile begins it anew.
-- Cards that follow a channel are moved by that, and owe nothing unless the row says that they must know.
-- They are bulk: what one subject has to tell so many holds up nobody's order.
-- $1 smallint[]  slots
-- $2 bigint      cards at the most
-- Returns: slot smallint, cards bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), crowd AS MATERIALIZED (
    SELECT f.slot, f.subject_id, f.members, coalesce(f.after, '00000000-0000-0000-0000-000000000000') AS after
    FROM fan_outs AS f
    WHERE f.slot = ANY ($1::smallint[])
    ORDER BY f.raised_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), batch AS MATERIALIZED (
    -- begins where the last one ended: a batch costs the same, however many cards are behind it
    SELECT d.slot, d.subject_id, d.card_id
    FROM crowd AS w
    CROSS JOIN LATERAL (
        SELECT c.slot, c.subject_id, c.card_id
        FROM cards AS c
        WHERE c.slot = w.slot AND c.subject_id = w.subject_id AND c.card_id > w.after AND c.phase <> 'over'
          AND (w.members OR c.carrier = 'token' OR c.phase IN ('wanted', 'starting'))
        ORDER BY c.card_id
        LIMIT $2
        FOR UPDATE
    ) AS d
), indebted AS (
    UPDATE cards AS c
    SET due_at = least(c.due_at, now.at), debt = c.debt + 1, lane = 1
    FROM batch AS b, now
    WHERE c.slot = b.slot AND c.subject_id = b.subject_id AND c.card_id = b.card_id
), moved AS (
    UPDATE fan_outs AS f
    SET after = (SELECT b.card_id FROM batch AS b ORDER BY b.card_id DESC LIMIT 1)
    FROM crowd AS w
    WHERE f.slot = w.slot AND f.subject_id = w.subject_id AND (SELECT count(*) FROM batch) = $2
), ended AS (
    DELETE FROM fan_outs AS f
    USING crowd AS w
    WHERE f.slot = w.slot AND f.subject_id = w.subject_id AND (SELECT count(*) FROM batch) < $2
)
SELECT w.slot, (SELECT count(*) FROM batch) AS cards
FROM crowd AS w
