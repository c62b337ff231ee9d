-- When an order came last to a customer's card: one that had ended by itself before is followed by another, and cards are
-- renewed for so long after it.

ALTER TABLE customer_views ADD COLUMN joined_at timestamptz;
UPDATE customer_views SET joined_at = begun_at;
ALTER TABLE customer_views ALTER COLUMN joined_at SET NOT NULL;
