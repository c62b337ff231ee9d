-- Makes next generations urgent that have waited too long among what is bulk: their phones end the cards of before soon.
-- $1 smallint[]        slots
-- $2 double precision  seconds that they may wait
-- Returns: slot smallint
WITH late AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM (SELECT lockstep_now() AS at) AS now, cards AS c
    WHERE c.slot = ANY ($1::smallint[]) AND c.lane = 1 AND c.environment IN ('sandbox', 'production')
      AND c.claim_at <= now.at - $2 * interval '1 second'
      AND c.phase = 'wanted' AND c.generation > 1
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET lane = 0
FROM late AS l
WHERE c.slot = l.slot AND c.subject_id = l.subject_id AND c.card_id = l.card_id
RETURNING c.slot
