-- Writes what the phone says of a card that we know, by whichever of its ids, and puts it in debt.
-- What ended on the phone stays ended; a token that did not change keeps its time of registration. Of a card that was only
-- wanted, whoever has a lease loses it: its start was planned without knowing, and would be a second card.
--  $1 smallint  slot
--  $2 text      subject id
--  $3 text      device id
--  $4 uuid      our card id; NULL when the reported id cannot be one
--  $5 text      ActivityKit's id; NULL: not reported
--  $6 text      attributes type
--  $7 text      reported state
--  $8 bytea     the update token's blind index; NULL: not reported
--  $9 bytea     the update token, sealed
-- $10 text      the reported id, whosever it is; NULL: ActivityKit's names the card
-- $11 text      the environment that the phone's tokens are from
-- Returns: card_id uuid
WITH mine AS MATERIALIZED (
    SELECT c.card_id
    FROM cards AS c
    WHERE c.slot = $1 AND c.subject_id = $2 AND c.device_id = $3
      AND (c.card_id = $4 OR c.activity_id IN ($5, $10) OR c.reported_id = $10
           -- the app was faster than we: its card is the one that we wanted
           OR (c.phase = 'wanted' AND c.attributes_type = $6 AND c.activity_id IS NULL)
           -- it was taken over from another backend, which did not know ActivityKit's id
           OR c.token_hash = $8
           OR (c.starter = 'other' AND c.phase <> 'over' AND c.attributes_type = $6 AND c.activity_id IS NULL))
    ORDER BY (c.card_id = $4) IS TRUE DESC, (c.activity_id = $5) IS TRUE DESC,
             (c.activity_id = $10 OR c.reported_id = $10) IS TRUE DESC, (c.token_hash = $8) IS TRUE DESC,
             c.generation DESC
    LIMIT 1
    FOR UPDATE
)
UPDATE cards AS c
SET activity_id = coalesce($5, c.activity_id, CASE WHEN $4::uuid IS NULL THEN $10 END),
    -- an id that the app has used once is good for its later calls
    reported_id = CASE WHEN c.card_id = $4 OR $10 IN (c.activity_id, $5) THEN c.reported_id
                       ELSE coalesce($10, c.reported_id) END,
    reported_state = CASE
        WHEN c.reported_state IN ('dismissed', 'ended') THEN c.reported_state
        WHEN c.reported_state = 'active' AND $7 = 'starting' THEN c.reported_state
        ELSE $7 END,
    reported_at = now.at,
    environment = CASE WHEN c.token_hash IS NOT NULL AND ($8::bytea IS NULL OR $8 = c.token_hash) THEN c.environment
                       ELSE $11 END,
    token_hash = coalesce($8, c.token_hash),
    token_sealed = CASE WHEN $8::bytea IS NULL THEN c.token_sealed ELSE $9 END,
    token_registered_at = CASE WHEN $8::bytea IS NULL OR $8 = c.token_hash THEN c.token_registered_at ELSE now.at END,
    -- what keeps a card from being sent to is about the token that was refused
    blocked_until = CASE WHEN $8::bytea IS NULL OR $8 = c.token_hash THEN c.blocked_until END,
    due_at = CASE WHEN c.phase = 'over' THEN c.due_at ELSE least(c.due_at, now.at) END,
    debt = c.debt + 1,
    lease = c.lease + CASE WHEN c.phase = 'wanted' THEN 1 ELSE 0 END,
    leased_at = CASE WHEN c.phase <> 'wanted' THEN c.leased_at END,
    leased_until = CASE WHEN c.phase <> 'wanted' THEN c.leased_until END
FROM mine AS m, (SELECT lockstep_now() AS at) AS now
WHERE c.slot = $1 AND c.subject_id = $2 AND c.card_id = m.card_id
RETURNING c.card_id
