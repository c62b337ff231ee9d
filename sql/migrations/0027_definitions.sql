-- What senders save under a name for their activities. Versions stay: events tell which was used.

CREATE TABLE definitions (
    name      text        NOT NULL COLLATE "C",
    version   integer     NOT NULL,
    body      json, -- NULL: it was deleted with this version
    saved_at  timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);
