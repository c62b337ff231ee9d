-- What all processes together have done: each adds what it counted, once a second. Pushes by the minute, for a while.

CREATE TABLE figures (
    figure  text        NOT NULL COLLATE "C" CHECK (figure IN ('appended', 'folded', 'pushes')),
    outcome text        NOT NULL COLLATE "C",
    reason  text        NOT NULL COLLATE "C",
    minute  timestamptz NOT NULL,
    count   bigint      NOT NULL,
    PRIMARY KEY (figure, outcome, reason, minute)
) WITH (fillfactor = 20);
