-- Puts the cards of subjects in debt whose content a rebuild, or the manifest of pictures, has changed: at once, or, for
-- a crowd of cards, by a row from which the spreader goes on; and flags the live views of those that somebody else
-- should see, or from when on.
-- $1 smallint  slot
-- $2 text[]    subjects whose content has changed
-- $3 text[]    subjects whose recipients have changed
-- Returns: cards bigint, crowds bigint, matching bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), changed AS MATERIALIZED (
    SELECT v.slot, v.subject_id, v.crowd
    FROM slots AS s
    JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation
    WHERE s.slot = $1 AND v.subject_id = ANY ($2::text[])
    UNION ALL
    SELECT c.slot, c.subject_id, false AS crowd
    FROM customer_views AS c
    WHERE c.slot = $1 AND c.subject_id = ANY ($2::text[])
), flagged AS (
    UPDATE views AS v
    SET match_due_at = now.at, match_count = v.match_count + 1
    FROM slots AS s, now
    WHERE s.slot = $1 AND v.slot = s.slot AND v.generation = s.generation AND v.subject_id = ANY ($3::text[])
    RETURNING v.slot
), put_off AS (
    INSERT INTO fan_outs (slot, subject_id, raised_at)
    SELECT w.slot, w.subject_id, now.at
    FROM changed AS w, now
    WHERE w.crowd
    ORDER BY w.slot, w.subject_id
    ON CONFLICT (slot, subject_id) DO UPDATE SET after = NULL
    RETURNING slot
), owing AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM changed AS w
    JOIN cards AS c ON c.slot = w.slot AND c.subject_id = w.subject_id
    WHERE NOT w.crowd AND c.phase <> 'over' AND (c.carrier = 'token' OR c.phase IN ('wanted', 'starting'))
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
), indebted AS (
    UPDATE cards AS c
    SET due_at = least(c.due_at, now.at), debt = c.debt + 1
    FROM owing AS o, now
    WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
    RETURNING c.slot
), publishing AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.channel
    FROM changed AS w
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
SELECT (SELECT count(*) FROM indebted) + (SELECT count(*) FROM announced) AS cards, (SELECT count(*) FROM put_off) AS crowds,
       (SELECT count(*) FROM flagged) AS matching
