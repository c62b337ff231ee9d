-- Puts every card in debt whose last push was recorded and not sent, or may be yet: by whoever has claimed it before the
-- shadow was lifted, or is about to, for whom it is due.
-- $1 smallint[]  slots
-- Returns: slot smallint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM now, cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.phase <> 'over'
      AND (c.outcome = 'shadow' OR c.leased_at IS NOT NULL OR c.claim_at <= now.at)
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM mine AS m, now
WHERE c.slot = m.slot AND c.subject_id = m.subject_id AND c.card_id = m.card_id
RETURNING c.slot
