-- Takes a customer and their phones out of what is told of cards, save of those that were made later.
-- $1 smallint     slot
-- $2 text         customer id
-- $3 timestamptz  made at this time or earlier
UPDATE card_facts AS f
SET customer_id = NULL,
    device_id = NULL,
    -- a card of all of a customer's orders is named for the customer
    subject_id = CASE WHEN f.subject_id = 'customer:' || $2 THEN 'customer:' ELSE f.subject_id END
WHERE f.slot = $1 AND f.customer_id = $2
  AND NOT EXISTS (
      SELECT FROM cards AS c
      WHERE c.slot = f.slot AND c.subject_id = f.subject_id AND c.card_id = f.card_id AND c.created_at > $3
        AND c.recalled_at IS NULL)
