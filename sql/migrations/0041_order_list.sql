-- The list of orders: for each live view a narrow row, which changes only when what it holds does; and for each slot when
-- that was last. Rows of views that are there already are written by the housekeeper, within a minute.

CREATE TABLE order_list (
    slot        smallint    NOT NULL,
    subject_id  text        NOT NULL COLLATE "C",
    kind        text        NOT NULL COLLATE "C",
    status      text        NOT NULL COLLATE "C",
    over        boolean     NOT NULL,
    customer_id text COLLATE "C",
    trouble     text COLLATE "C" CHECK (trouble IN ('quarantined', 'held')),
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (slot, subject_id)
);

CREATE INDEX order_list_by_status ON order_list (status, changed_at, subject_id);
CREATE INDEX order_list_of_customer ON order_list (customer_id, changed_at, subject_id) WHERE customer_id IS NOT NULL;
CREATE INDEX order_list_in_trouble ON order_list (changed_at, subject_id) WHERE trouble IS NOT NULL;

CREATE TABLE order_list_slots (
    slot       smallint    NOT NULL PRIMARY KEY,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 20);
