-- Cards, each one start on one phone, and the receipts of what was sent for them.

CREATE TABLE cards (
    slot                smallint    NOT NULL,
    subject_id          text        NOT NULL COLLATE "C",
    card_id             uuid        NOT NULL,
    -- what it is
    device_id           text        NOT NULL COLLATE "C",
    customer_id         text COLLATE "C",
    app                 text        NOT NULL,
    attributes_type     text        NOT NULL COLLATE "C",
    generation          smallint    NOT NULL,
    carrier             text        NOT NULL DEFAULT 'token' CHECK (carrier IN ('token', 'channel')),
    starter             text        NOT NULL CHECK (starter IN ('server', 'app', 'app_first')),
    lane                smallint    NOT NULL DEFAULT 0,
    created_at          timestamptz NOT NULL,
    -- reasons to look: everybody but the dispatcher
    due_at              timestamptz,
    debt                bigint      NOT NULL DEFAULT 0,
    -- what the phone told us: the device registry
    activity_id         text,
    reported_state      text CHECK (reported_state IN ('starting', 'active', 'dismissed', 'ended')),
    reported_at         timestamptz,
    reported_id         text, -- as its app called it, where that is not our id
    token_hash          bytea,
    token_sealed        bytea,
    token_registered_at timestamptz,
    replaced_at         timestamptz,
    -- what we did about it: the dispatcher
    phase               text        NOT NULL DEFAULT 'wanted'
                        CHECK (phase IN ('wanted', 'starting', 'shown', 'ending', 'over')),
    blocked_until       timestamptz,
    lease               bigint      NOT NULL DEFAULT 0,
    leased_at           timestamptz,
    considered_version  bigint      NOT NULL DEFAULT 0,
    timestamp_used      bigint      NOT NULL DEFAULT 0,
    timestamp_reserved  bigint      NOT NULL DEFAULT 0,
    alerted_version     bigint      NOT NULL DEFAULT 0,
    intent_kind         text CHECK (intent_kind IN ('start', 'update', 'end')),
    intent_version      bigint,
    intent_alert        bigint,
    intent_timestamp    bigint,
    intent_apns_id      uuid,
    intent_at           timestamptz,
    accepted_version    bigint,
    accepted_hash       bytea,
    accepted_at         timestamptz,
    started_at          timestamptz,
    refused_hash        bytea,
    suspect_hash        bytea,
    recalled_at         timestamptz,
    attempts            integer     NOT NULL DEFAULT 0,
    restarts            integer     NOT NULL DEFAULT 0,
    outcome             text,
    why                 text,
    outcome_at          timestamptz,
    claim_at            timestamptz GENERATED ALWAYS AS (
                            CASE WHEN due_at IS NULL THEN NULL ELSE greatest(due_at, blocked_until) END) STORED,
    PRIMARY KEY (slot, subject_id, card_id),
    UNIQUE (slot, subject_id, device_id, attributes_type, generation)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX cards_to_claim ON cards (slot, lane, claim_at) WHERE claim_at IS NOT NULL;
CREATE INDEX cards_live ON cards (slot, subject_id) WHERE phase <> 'over';
CREATE INDEX cards_of_device ON cards (device_id, slot) WHERE phase <> 'over';

CREATE TABLE receipts (
    slot        smallint    NOT NULL,
    subject_id  text        NOT NULL COLLATE "C",
    card_id     uuid        NOT NULL,
    lease       bigint      NOT NULL,
    sent_at     timestamptz NOT NULL,
    answered_at timestamptz NOT NULL,
    folded_at   timestamptz,
    kind        text        NOT NULL,
    version     bigint      NOT NULL,
    why         text        NOT NULL,
    outcome     text        NOT NULL,
    apns_id     uuid        NOT NULL,
    timestamp   bigint      NOT NULL,
    priority    smallint    NOT NULL,
    status      smallint,
    reason      text,
    sealed      bytea,
    PRIMARY KEY (slot, subject_id, card_id, lease, sent_at)
) PARTITION BY RANGE (sent_at);

CREATE TABLE receipts_other PARTITION OF receipts DEFAULT;

-- One partition a UTC day; called ahead of time, harmless when repeated or raced. A day that has receipts in the
-- default partition already, because nobody called in time, stays there.
CREATE FUNCTION make_receipts_day(day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF receipts FOR VALUES FROM (%L) TO (%L)',
        'receipts_' || to_char(day, 'YYYYMMDD'),
        (day::timestamp AT TIME ZONE 'UTC'), ((day + 1)::timestamp AT TIME ZONE 'UTC'));
EXCEPTION
    WHEN check_violation OR duplicate_table OR unique_violation THEN
        RETURN;
END $$;

-- What must not be claimed: by everybody, at once. kind 'all' has the key '*'.
CREATE TABLE pauses (
    kind       text        NOT NULL CHECK (kind IN ('all', 'app', 'type', 'topic', 'credential', 'endpoint')),
    key        text        NOT NULL,
    reason     text        NOT NULL,
    paused_at  timestamptz NOT NULL,
    until      timestamptz,
    PRIMARY KEY (kind, key)
);
