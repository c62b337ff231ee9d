-- Finds what a fact is about.
-- $1 smallint  slot
-- $2 bigint    position
-- Returns: card_id uuid
SELECT f.card_id
FROM card_facts AS f
WHERE f.slot = $1 AND f.position = $2
