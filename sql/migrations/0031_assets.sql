-- Pictures that cards show: which there are, which cards use them, which phones have them, and what phones were told.

-- The versions of a key are told apart by their hash; the newest that is not withdrawn is fetched.
CREATE TABLE assets (
    key          text        NOT NULL COLLATE "C",
    sha256       text        NOT NULL COLLATE "C",
    url          text        NOT NULL,
    size_bytes   bigint      NOT NULL,
    expires_at   timestamptz,
    put_at       timestamptz NOT NULL,
    withdrawn_at timestamptz,
    -- phones with a use of the key, up to this one, are to look anew; NULL: all are
    telling_after text COLLATE "C",
    PRIMARY KEY (key, sha256)
);

CREATE INDEX assets_to_tell ON assets (key) WHERE telling_after IS NOT NULL;

-- Which card of a phone names which key, as its last plan saw it. A row outlives its card by a day.
CREATE TABLE asset_uses (
    device_id  text        NOT NULL COLLATE "C",
    card_id    uuid        NOT NULL,
    key        text        NOT NULL COLLATE "C",
    slot       smallint    NOT NULL,
    subject_id text        NOT NULL COLLATE "C",
    ref        text,
    until      timestamptz NOT NULL,
    PRIMARY KEY (device_id, card_id, key)
);

CREATE INDEX asset_uses_of_key ON asset_uses (key, device_id);

-- What the app of a phone said last: a version that it has, or why it could not fetch it.
CREATE TABLE device_assets (
    device_id   text        NOT NULL COLLATE "C",
    key         text        NOT NULL COLLATE "C",
    sha256      text        NOT NULL COLLATE "C",
    problem     text,
    dropping    boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (device_id, key, sha256)
);

CREATE INDEX device_assets_of_key ON device_assets (key, device_id);

-- A phone is in debt while what it should fetch or delete may differ from what it was told.
CREATE TABLE asset_debts (
    device_id     text PRIMARY KEY COLLATE "C",
    debt          bigint      NOT NULL DEFAULT 1,
    due_at        timestamptz,
    blocked_until timestamptz,
    claim_at      timestamptz GENERATED ALWAYS AS (
        CASE WHEN due_at IS NULL THEN NULL ELSE greatest(due_at, blocked_until) END) STORED,
    lease         bigint      NOT NULL DEFAULT 0,
    leased_until  timestamptz,
    told_fetch    text[]      NOT NULL DEFAULT '{}',
    told_drop     text[]      NOT NULL DEFAULT '{}',
    told_at       timestamptz,
    told_times    integer     NOT NULL DEFAULT 0,
    reported_at   timestamptz,
    credit        double precision,
    credit_at     timestamptz,
    attempts      integer     NOT NULL DEFAULT 0,
    outcome       text,
    why           text,
    outcome_at    timestamptz
);

CREATE INDEX asset_debts_to_claim ON asset_debts (claim_at) WHERE claim_at IS NOT NULL;
