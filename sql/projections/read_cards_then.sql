-- Reads the cards that a subject had by a time, each with the push that APNs had accepted last by then, and the last
-- one after that which had no answer by then; by phone, the newest generation first.
-- $1 smallint     slot
-- $2 text         subject id
-- $3 timestamptz  cards that were there by this time, or have such a push
-- $4 timestamptz  pushes and answers by this time
-- $5 bigint       pushes of versions up to this one
-- $6 bigint       at the most so many cards
-- Returns: card_id uuid, device_id text, attributes_type text, generation smallint, created_at timestamptz,
--          started_at timestamptz, accepted_at timestamptz, accepted_version bigint, version bigint, kind text,
--          sent_at timestamptz, answered_at timestamptz, apns_id uuid, sealed bytea, open_version bigint,
--          open_kind text, open_sent_at timestamptz
SELECT c.card_id, c.device_id, c.attributes_type, c.generation, c.created_at, c.started_at, c.accepted_at,
       c.accepted_version, a.version, a.kind, a.sent_at, a.answered_at, a.apns_id, a.sealed,
       u.version AS open_version, u.kind AS open_kind, u.sent_at AS open_sent_at
FROM cards AS c
LEFT JOIN LATERAL (
    SELECT r.lease, r.version, r.kind, r.sent_at, r.answered_at, r.apns_id, r.sealed
    FROM receipts AS r
    WHERE r.slot = $1 AND r.subject_id = $2 AND r.card_id = c.card_id AND r.kind <> 'alert'
      AND r.outcome = 'accepted' AND r.answered_at <= $4 AND r.version <= $5
    ORDER BY r.lease DESC
    LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
    SELECT r.version, r.kind, r.sent_at
    FROM receipts AS r
    WHERE r.slot = $1 AND r.subject_id = $2 AND r.card_id = c.card_id AND r.kind <> 'alert'
      AND r.sent_at <= $4 AND r.version <= $5 AND r.lease > coalesce(a.lease, 0)
      AND (r.answered_at > $4 AND r.outcome <> 'shadow'
           OR r.outcome = 'unknown'
           OR r.outcome = 'retry' AND r.status IS NULL)
    ORDER BY r.lease DESC
    LIMIT 1
) AS u ON true
WHERE c.slot = $1 AND c.subject_id = $2 AND (c.created_at <= $3 OR a.lease IS NOT NULL OR u.sent_at IS NOT NULL)
ORDER BY c.device_id, c.attributes_type, c.generation DESC, c.card_id
LIMIT $6
