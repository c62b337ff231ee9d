-- Who may call: keys of services, stored as hashes.

CREATE TABLE api_keys (
    key_id      text PRIMARY KEY COLLATE "C",
    hash        bytea       NOT NULL,
    name        text        NOT NULL,
    environment text        NOT NULL,
    scopes      text[]      NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz
);
