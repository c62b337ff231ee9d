-- What became of the start on each phone of a subject: of several cards that which went furthest, and then the newest. The
-- time is asked for once: for each of 100,000 cards it took longer than all the rest.
CREATE OR REPLACE VIEW started_phones AS
SELECT DISTINCT ON (slot, subject_id, device_id)
       slot, subject_id, device_id, card_id, customer_id, outcome_at, why, outcome, reason
FROM (
    SELECT c.slot, c.subject_id, c.device_id, c.card_id, c.customer_id, c.generation, c.outcome_at, c.why,
           CASE WHEN o.accepted THEN 'accepted'
                WHEN o.under_way THEN 'waiting'
                WHEN o.sent THEN 'unknown'
                WHEN o.refused THEN 'rejected'
                WHEN c.phase = 'over' THEN 'left_out'
                ELSE 'waiting' END AS outcome,
           CASE WHEN o.accepted THEN CASE WHEN c.reported_state IN ('dismissed', 'ended') THEN c.reported_state
                                          WHEN o.told THEN 'shown'
                                          ELSE 'not_reported' END
                WHEN o.under_way THEN 'under_way'
                WHEN o.sent THEN 'no_answer'
                WHEN o.refused THEN coalesce(c.last_answer, c.outcome)
                ELSE coalesce(CASE c.outcome WHEN 'waiting' THEN c.why ELSE c.outcome END, 'due') END AS reason
    FROM cards AS c
    CROSS JOIN LATERAL (
        SELECT c.reported_state IS NOT NULL OR c.token_hash IS NOT NULL AS told
    ) AS t
    CROSS JOIN LATERAL (
        SELECT t.told,
               t.told OR c.accepted_version IS NOT NULL AS accepted,
               c.leased_until > (SELECT lockstep_now()) AS under_way,
               c.phase IN ('starting', 'shown', 'ending') OR c.started_at IS NOT NULL AS sent,
               c.outcome IN ('refused', 'failed')
                   -- the plan after it waits for another token
                   OR c.outcome = 'waiting' AND c.last_answer IN ('Unregistered', 'ExpiredToken', 'BadDeviceToken',
                                                                  'DeviceTokenNotForTopic') AS refused
    ) AS o
) AS p
ORDER BY slot, subject_id, device_id, outcome <> 'accepted', outcome <> 'unknown', generation DESC;
