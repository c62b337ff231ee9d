-- Customers whose erasure was asked for: what had been recorded of them by then goes, orders, phones and cards.

CREATE TABLE erasures (
    customer_id text        PRIMARY KEY COLLATE "C",
    asked_at    timestamptz NOT NULL,
    done_at     timestamptz -- nothing of before was found any more
);

-- whose an archived order is: nothing else here says so, and an erasure of the customer has to find it
ALTER TABLE heads
    ADD COLUMN archived_customer_id text COLLATE "C";
