-- Looks for live cards that nobody will look at although somebody should: those whose last plan saw an older view, and
-- those on a phone, which have their eighth hour before them at least. There must be none.
-- Puts what it finds in debt, so that a bug costs a minute and not a card.
-- $1 smallint[]  slots
-- Returns: slot smallint, subject_id text, card_id uuid, behind boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), forgotten AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id,
           c.considered_version < coalesce(v.version, w.version)
           AND (c.carrier = 'token' OR c.phase IN ('wanted', 'starting')) AS behind
    FROM now, cards AS c
    JOIN slots AS s ON s.slot = c.slot
    LEFT JOIN views AS v ON v.slot = c.slot AND v.generation = s.generation AND v.subject_id = c.subject_id
    LEFT JOIN customer_views AS w ON w.slot = c.slot AND w.subject_id = c.subject_id
    WHERE c.slot = ANY ($1::smallint[])
      AND c.phase <> 'over'
      AND (c.considered_version < coalesce(v.version, w.version) AND (c.due_at IS NULL OR c.due_at > now.at)
           -- what follows a channel is moved by that
           AND (c.carrier = 'token' OR c.phase IN ('wanted', 'starting'))
           OR c.phase <> 'wanted' AND c.due_at IS NULL)
      AND c.leased_at IS NULL
      AND NOT EXISTS (SELECT FROM fan_outs AS f WHERE f.slot = c.slot AND f.subject_id = c.subject_id)
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET due_at = now.at, debt = c.debt + 1
FROM forgotten AS f, now
WHERE c.slot = f.slot AND c.subject_id = f.subject_id AND c.card_id = f.card_id
RETURNING c.slot, c.subject_id, c.card_id, coalesce(f.behind, false) AS behind
