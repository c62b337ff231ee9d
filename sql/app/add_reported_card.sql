-- Adds a card that the app started by itself, as the next generation of its subject on this device; none to a subject
-- that is archived, or about to be, and none beside one that is wanted by now: the app's is that.
--  $1 smallint  slot
--  $2 text      subject id
--  $3 uuid      card id
--  $4 text      device id
--  $5 text      customer id
--  $6 text      app
--  $7 text      environment
--  $8 text      attributes type
--  $9 text      ActivityKit's id
-- $10 text      reported state
-- $11 bytea     the update token's blind index
-- $12 bytea     the update token, sealed
-- $13 text      the reported id, where it is not the card id
-- Returns: card_id uuid, archived boolean
-- Raises: 23505 another report was faster; look again, as where no card was added and the subject is not archived.
WITH head AS MATERIALIZED (
    SELECT h.archived_at
    FROM heads AS h
    WHERE h.slot = $1 AND h.subject_id = $2
    FOR KEY SHARE
), added AS (
    INSERT INTO cards (slot, subject_id, card_id, device_id, customer_id, app, environment, attributes_type, generation,
                       starter, created_at, due_at, debt, activity_id, reported_state, reported_at, token_hash,
                       token_sealed, token_registered_at, phase, started_at, reported_id)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8,
           1 + coalesce((SELECT max(c.generation)
                         FROM cards AS c
                         WHERE c.slot = $1 AND c.subject_id = $2 AND c.device_id = $4 AND c.attributes_type = $8), 0),
           'app', now.at, now.at, 1, $9, $10, now.at, $11, $12, CASE WHEN $11::bytea IS NULL THEN NULL ELSE now.at END,
           'shown', now.at, $13
    FROM (SELECT lockstep_now() AS at) AS now
    WHERE NOT EXISTS (SELECT FROM head AS h WHERE h.archived_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM cards AS w
                      WHERE w.slot = $1 AND w.subject_id = $2 AND w.device_id = $4 AND w.attributes_type = $8
                        AND w.phase = 'wanted' AND w.activity_id IS NULL)
    RETURNING card_id
)
SELECT (SELECT a.card_id FROM added AS a) AS card_id,
       EXISTS (SELECT FROM head AS h WHERE h.archived_at IS NOT NULL) AS archived
