-- Environments of APNs' that a dispatcher cannot connect to, for whoever asks why a card waits: no claim reads this. It
-- is said anew while it lasts, so that the word of a process that died is soon over.
CREATE TABLE outages (
    environment text        PRIMARY KEY CHECK (environment IN ('sandbox', 'production')),
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    why         text        NOT NULL
);
