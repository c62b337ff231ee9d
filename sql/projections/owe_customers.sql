-- Puts cards of customers in debt whose last plan saw an earlier view than the one that can be seen now; run it once that
-- has committed.
-- $1 smallint[]  slot
-- $2 text[]      subject id of the customer's cards
-- Returns: slot smallint
WITH owing AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM unnest($1::smallint[], $2::text[]) AS w(slot, subject_id)
    JOIN customer_views AS v ON v.slot = w.slot AND v.subject_id = w.subject_id
    JOIN cards AS c ON c.slot = w.slot AND c.subject_id = w.subject_id
    WHERE c.phase <> 'over' AND c.considered_version < v.version
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM owing AS o, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
RETURNING c.slot
