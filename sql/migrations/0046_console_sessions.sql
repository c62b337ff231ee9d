-- The console: tickets that open it once, as hashes, and which keys are those of its sessions.

CREATE TABLE console_tickets (
    hash            bytea PRIMARY KEY,
    scopes          text[]      NOT NULL,
    session_seconds integer     NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);

ALTER TABLE api_keys
    ADD COLUMN of_console boolean NOT NULL DEFAULT false;
