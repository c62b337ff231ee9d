-- Which orders have a card that failed: in the list of orders, beside what keeps their fold.

ALTER TABLE order_list
    ADD COLUMN failed boolean NOT NULL DEFAULT false;

DROP INDEX order_list_in_trouble;
CREATE INDEX order_list_in_trouble ON order_list (changed_at, subject_id) WHERE trouble IS NOT NULL OR failed;
