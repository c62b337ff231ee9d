-- What the apps told us of their phones.

CREATE TABLE devices (
    device_id           text PRIMARY KEY COLLATE "C",
    customer_id         text COLLATE "C",
    app                 text        NOT NULL,
    environment         text        NOT NULL CHECK (environment IN ('sandbox', 'production')),
    ios_version         text        NOT NULL,
    app_build           text,
    locale              text,
    activities_enabled  boolean     NOT NULL,
    frequent_pushes     boolean     NOT NULL,
    alert_token_sealed  bytea,
    registered_at       timestamptz NOT NULL,
    confirmed_at        timestamptz NOT NULL,
    forgotten_at        timestamptz,
    unreported_starts   integer     NOT NULL DEFAULT 0,
    match_due_at        timestamptz,
    match_count         bigint      NOT NULL DEFAULT 0
);

CREATE INDEX devices_of_customer ON devices (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX devices_to_match ON devices (match_due_at) WHERE match_due_at IS NOT NULL;

-- Who holds a token value: one device per app and environment, the latest registration.
CREATE TABLE push_tokens (
    app           text        NOT NULL COLLATE "C",
    environment   text        NOT NULL COLLATE "C",
    token_hash    bytea       NOT NULL,
    token_sealed  bytea       NOT NULL,
    device_id     text        NOT NULL COLLATE "C",
    registered_at timestamptz NOT NULL,
    refused_at    timestamptz,
    PRIMARY KEY (app, environment, token_hash)
);

CREATE INDEX push_tokens_of_device ON push_tokens (device_id);

-- Two attributes types of one device may share a start token.
CREATE TABLE start_tokens (
    device_id       text  NOT NULL COLLATE "C",
    attributes_type text  NOT NULL COLLATE "C",
    token_hash      bytea NOT NULL,
    PRIMARY KEY (device_id, attributes_type)
);
