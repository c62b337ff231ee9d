-- Seals tokens of a slot's cards anew, each only if it is as it was read.
-- $1 smallint  slot
-- $2 text[]    subject ids
-- $3 uuid[]    card ids
-- $4 bytea[]   as they were read
-- $5 bytea[]   sealed anew
-- Returns: card_id uuid
WITH mine AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id, n.anew
    FROM unnest($2::text[], $3::uuid[], $4::bytea[], $5::bytea[]) AS n(subject_id, card_id, sealed, anew)
    JOIN cards AS c ON c.slot = $1 AND c.subject_id = n.subject_id AND c.card_id = n.card_id
    WHERE c.token_sealed = n.sealed
    ORDER BY c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET token_sealed = m.anew
FROM mine AS m
WHERE c.slot = m.slot
  AND c.subject_id = m.subject_id
  AND c.card_id = m.card_id
RETURNING c.card_id
