-- Upstreams that sign what they post, each with the secret of its source.

CREATE TABLE senders (
    source          text PRIMARY KEY COLLATE "C",
    secret_sealed   bytea       NOT NULL,
    previous_sealed bytea,
    previous_until  timestamptz,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL
);
