-- Delivery times that were put: the latest of each order, which becomes an event when it moves the card.

CREATE TABLE etas (
    slot                    smallint    NOT NULL,
    subject_id              text        NOT NULL COLLATE "C",
    delivery_time           timestamptz NOT NULL,
    at                      timestamptz NOT NULL, -- when it was so, as whoever put it says
    source                  text        NOT NULL COLLATE "C",
    changed_at              timestamptz NOT NULL, -- since when it has been what it is
    due_at                  timestamptz NOT NULL, -- when it is to be looked at, at the latest
    recorded_delivery_time  timestamptz, -- what became an event last, and under which version
    recorded_of             timestamptz, -- the `at` of that
    recorded_version        bigint,
    recorded_at             timestamptz,
    PRIMARY KEY (slot, subject_id)
) WITH (fillfactor = 50); -- most writes change no column of an index: they stay on their page

CREATE INDEX etas_due ON etas (slot, due_at);
