-- Nobody pauses an endpoint any more: a failure of TLS is an outage like others. The kind may still be written by
-- processes of the release before, and holds nothing.
DELETE FROM pauses
WHERE kind = 'endpoint';

-- Environments of APNs' that a dispatcher cannot connect to, for whoever asks why a card waits: no claim reads this. It
-- is said anew while it lasts, so that the word of a process that died is soon over.
CREATE TABLE outages (
    environment text        PRIMARY KEY CHECK (environment IN ('sandbox', 'production')),
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    why         text        NOT NULL
);
