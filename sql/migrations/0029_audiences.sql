-- Who a subject is for, where that is not one customer, and how far the phones have been looked through.

CREATE TABLE audiences (
    slot            smallint    NOT NULL,
    subject_id      text        NOT NULL COLLATE "C",
    customers       text[],                           -- with `segment` NULL: everybody
    segment         text        COLLATE "C",
    attributes_type text        NOT NULL COLLATE "C",
    show_at         timestamptz,                      -- the subject's, as it was when this was begun
    revision        uuid,                             -- of the segment that is looked through
    after           text        NOT NULL DEFAULT '' COLLATE "C", -- the phone that was looked at last
    turn_at         timestamptz NOT NULL,             -- of several the one whose turn is longest due comes next
    begun_at        timestamptz NOT NULL,
    done_at         timestamptz,                      -- when all phones had been looked through; those that come are matched
    stopped_at      timestamptz,                      -- by a person
    over_at         timestamptz,                      -- when the subject was found to be over
    PRIMARY KEY (slot, subject_id)
);
CREATE INDEX audiences_due ON audiences (slot, turn_at)
    WHERE done_at IS NULL AND stopped_at IS NULL AND over_at IS NULL;
CREATE INDEX audiences_open ON audiences (slot, subject_id) WHERE customers IS NULL AND over_at IS NULL;
CREATE INDEX audiences_of_customers ON audiences USING gin (customers) WHERE over_at IS NULL;

-- The one pace of all bulk starts, whichever process makes them.
CREATE TABLE audience_pace (
    only_row boolean     NOT NULL DEFAULT true CHECK (only_row),
    next_at  timestamptz NOT NULL,
    PRIMARY KEY (only_row)
);

-- What became of the start on each phone of a subject: of several cards that which went furthest, and then the newest.
CREATE VIEW started_phones AS
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
               c.leased_until > lockstep_now() AS under_way,
               c.phase IN ('starting', 'shown', 'ending') OR c.started_at IS NOT NULL AS sent,
               c.outcome IN ('refused', 'failed')
                   -- the plan after it waits for another token
                   OR c.outcome = 'waiting' AND c.last_answer IN ('Unregistered', 'ExpiredToken', 'BadDeviceToken',
                                                                  'DeviceTokenNotForTopic') AS refused
    ) AS o
) AS p
ORDER BY slot, subject_id, device_id, outcome <> 'accepted', outcome <> 'unknown', generation DESC;
