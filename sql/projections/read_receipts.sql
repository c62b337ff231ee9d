-- Reads what was sent last for each of some cards of a subject, and what came back; the newest first.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 uuid[]    card ids
-- $4 bigint    of each card at the most so many
-- Returns: card_id uuid, sent_at timestamptz, answered_at timestamptz, kind text, version bigint, why text,
--          outcome text, priority smallint, status smallint, reason text, apns_id uuid,
--          demoted boolean, folded_at timestamptz
SELECT wanted.card_id, r.sent_at, r.answered_at, r.kind, r.version, r.why, r.outcome, r.priority, r.status, r.reason,
       r.apns_id, r.demoted, r.folded_at
FROM unnest($3::uuid[]) WITH ORDINALITY AS wanted(card_id, ord)
CROSS JOIN LATERAL (
    SELECT a.sent_at, a.answered_at, a.kind, a.version, a.why, a.outcome, a.priority, a.status, a.reason, a.apns_id,
           a.demoted, a.folded_at
    FROM receipts AS a
    WHERE a.slot = $1 AND a.subject_id = $2 AND a.card_id = wanted.card_id
    ORDER BY a.sent_at DESC, a.lease DESC
    LIMIT $4
) AS r
ORDER BY wanted.ord, r.sent_at DESC
