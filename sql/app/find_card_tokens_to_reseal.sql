-- Gives tokens of a slot's cards that another key has sealed, in the order of their cards.
-- $1 smallint  slot
-- $2 bytea     what begins everything that the newest key sealed
-- $3 text      subject id, and with $4 the last one that was looked at
-- $4 uuid      card id
-- $5 bigint    at the most so many
-- Returns: subject_id text, card_id uuid, token_sealed bytea
SELECT subject_id, card_id, token_sealed
FROM cards
WHERE slot = $1
  AND (subject_id, card_id) > ($3, $4)
  AND token_sealed IS NOT NULL
  AND substring(token_sealed FROM 1 FOR length($2::bytea)) <> $2::bytea
ORDER BY subject_id, card_id
LIMIT $5
