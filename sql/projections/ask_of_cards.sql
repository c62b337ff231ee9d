-- Notes what a person asks of a subject's cards that are not over, and puts them in debt, with the channels that they
-- follow: what is sent again is published again for all.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 uuid      the one card; NULL: all
-- $4 text      end or resend
-- Returns: card_id uuid
WITH mine AS MATERIALIZED (
    SELECT c.card_id
    FROM cards AS c
    WHERE c.slot = $1 AND c.subject_id = $2 AND ($3::uuid IS NULL OR c.card_id = $3) AND c.phase <> 'over'
    ORDER BY c.card_id
    FOR UPDATE
), channels_asked AS (
    UPDATE channels AS h
    SET resend_asked_at = CASE WHEN $4 = 'resend' THEN now.at ELSE h.resend_asked_at END,
        end_asked_at = CASE WHEN $4 = 'end' THEN now.at ELSE h.end_asked_at END,
        due_at = least(h.due_at, now.at),
        debt = h.debt + 1
    FROM (SELECT lockstep_now() AS at) AS now
    WHERE h.slot = $1 AND h.subject_id = $2 AND h.phase IN ('open', 'closing')
      AND h.channel IN (SELECT c.channel
                        FROM cards AS c
                        JOIN mine AS m ON m.card_id = c.card_id
                        WHERE c.slot = $1 AND c.subject_id = $2)
)
UPDATE cards AS c
SET asked = $4, asked_at = now.at, due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = $1 AND c.subject_id = $2 AND c.card_id = m.card_id
RETURNING c.card_id
