-- The token that authorises every push of an Apple key: one for all processes, sealed.

CREATE TABLE provider_tokens (
    team_id   text        NOT NULL COLLATE "C",
    key_id    text        NOT NULL COLLATE "C",
    sealed    bytea       NOT NULL,
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, key_id)
);
