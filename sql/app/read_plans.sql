-- Reads how far a subject is: the version of its view, whether its cards are still to be looked for, whether it is set aside,
-- and what the last plan for each card was. Gives one row without a card where there is none.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 bigint    cards at the most, the oldest first
-- Returns: view_version bigint, matching boolean, aside boolean, card_id uuid, device_id text, attributes_type text,
--          phase text, considered_version bigint, outcome text, why text, follows_channel boolean
SELECT coalesce(v.version, 0) AS view_version,
       coalesce(v.match_due_at <= (SELECT lockstep_now()), false) AS matching,
       v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL AS aside,
       c.card_id, c.device_id, c.attributes_type, c.phase, c.considered_version, c.outcome, c.why,
       c.carrier = 'channel' AND c.phase NOT IN ('wanted', 'starting') AS follows_channel
FROM slots AS s
LEFT JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation AND v.subject_id = $2
LEFT JOIN LATERAL (
    SELECT k.card_id, k.device_id, k.attributes_type, k.phase, k.considered_version, k.outcome, k.why, k.carrier
    FROM cards AS k
    WHERE k.slot = s.slot AND k.subject_id = $2
    ORDER BY k.created_at, k.generation, k.card_id
    LIMIT $3
) AS c ON true
WHERE s.slot = $1
