-- The one view of a customer's open orders, for cards that show them together. It names the orders; what they show is
-- read from their own views.

CREATE TABLE customer_views (
    slot           smallint    NOT NULL,
    subject_id     text        NOT NULL COLLATE "C", -- of the customer's cards
    customer_id    text        NOT NULL,
    version        bigint      NOT NULL DEFAULT 0,
    status_version bigint      NOT NULL DEFAULT 0, -- at which an order came, went, or changed its status
    orders         json        NOT NULL DEFAULT '[]', -- a function of the views of the customer's orders
    fingerprint    bytea,      -- of them; NULL: nothing was gathered yet
    alerts         json        NOT NULL DEFAULT '[]', -- by versions of this view
    last_order     text        COLLATE "C", -- that was shown last, once all are over
    over           boolean     NOT NULL DEFAULT true,
    begun_at       timestamptz NOT NULL, -- when the first of these orders came; cards from before are of others
    joined_at      timestamptz NOT NULL, -- when the last of them came: a card that ended by itself before is followed by another
    gathered_at    timestamptz NOT NULL,
    PRIMARY KEY (slot, subject_id)
);
