-- What became of cards, for those who listen: facts, written with the settlement that made them so, and webhooks, which
-- are told of them. While there is no webhook, and nobody reads the stream, nothing is written here.

CREATE TABLE webhooks (
    name            text        PRIMARY KEY COLLATE "C",
    url             text        NOT NULL,
    types           text[]      NOT NULL, -- of facts that it is told of
    secret_sealed   bytea       NOT NULL,
    previous_sealed bytea,                -- signs too, until the time beside it
    previous_until  timestamptz,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    failing_since   timestamptz,          -- nothing was taken since
    failures        integer     NOT NULL DEFAULT 0, -- in a row
    blocked_until   timestamptz,          -- nothing is sent before
    disabled_at     timestamptz,
    disabled_why    text
);

-- When the stream was read last, if it ever was: the one row.
CREATE TABLE card_streams (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    read_at  timestamptz NOT NULL
);

-- The newest number of each slot; the row is locked until the facts are committed, so that numbers appear in their order.
CREATE TABLE card_fact_slots (
    slot     smallint PRIMARY KEY,
    position bigint   NOT NULL
);

CREATE TABLE card_facts (
    slot            smallint    NOT NULL,
    position        bigint      NOT NULL,
    subject_id      text        NOT NULL COLLATE "C",
    card_id         uuid        NOT NULL,
    type            text        NOT NULL CHECK (type IN ('card.started', 'card.failed', 'card.dismissed', 'card.ended')),
    code            text        NOT NULL,
    reason          text        NOT NULL,
    at              timestamptz NOT NULL,
    device_id       text COLLATE "C", -- these two go when the customer is erased
    customer_id     text COLLATE "C",
    app             text        NOT NULL,
    attributes_type text        NOT NULL COLLATE "C",
    generation      smallint    NOT NULL,
    PRIMARY KEY (slot, position)
);

-- A fact that a webhook is to be told of, or was. A claim moves due_at on by the lease: whoever claims it after a kill
-- sends it again.
CREATE TABLE webhook_deliveries (
    slot         smallint NOT NULL,
    position     bigint   NOT NULL,
    webhook      text     NOT NULL COLLATE "C",
    due_at       timestamptz,
    lease        bigint   NOT NULL DEFAULT 0,
    attempts     integer  NOT NULL DEFAULT 0, -- since it was asked for last
    delivered_at timestamptz,
    dead_at      timestamptz,
    PRIMARY KEY (slot, position, webhook)
) WITH (fillfactor = 70);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (slot, webhook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (slot, webhook, dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    slot     smallint         NOT NULL,
    position bigint           NOT NULL,
    webhook  text             NOT NULL COLLATE "C",
    lease    bigint           NOT NULL,
    sent_at  timestamptz      NOT NULL,
    seconds  double precision NOT NULL,
    status   smallint, -- NULL: no answer came
    error    text,     -- what went wrong, in words; NULL: it was taken
    PRIMARY KEY (slot, position, webhook, lease)
);
