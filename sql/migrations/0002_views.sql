-- What we folded: a view for each subject and generation, and the slots that projectors share.

CREATE TABLE slots (
    slot         smallint PRIMARY KEY CHECK (slot BETWEEN 0 AND 255),
    generation   smallint NOT NULL DEFAULT 1,
    fold_version integer
);

INSERT INTO slots (slot) SELECT generate_series(0, 255);

CREATE TABLE views (
    slot           smallint    NOT NULL,
    generation     smallint    NOT NULL,
    subject_id     text        NOT NULL COLLATE "C",
    version        bigint      NOT NULL,
    prev_version   bigint      NOT NULL,
    state          json        NOT NULL,
    sealed         bytea,
    fingerprint    bytea       NOT NULL,
    folded_at      timestamptz NOT NULL,
    customer_id    text COLLATE "C",
    status         text,
    over           boolean     NOT NULL DEFAULT false,
    match_due_at   timestamptz,
    match_count    bigint      NOT NULL DEFAULT 0,
    quarantined_at timestamptz,
    held_by_fold   integer,
    error          bytea,
    PRIMARY KEY (slot, generation, subject_id)
) WITH (fillfactor = 60);

CREATE INDEX views_to_match ON views (slot, match_due_at) WHERE match_due_at IS NOT NULL;
CREATE INDEX views_open_of_customer ON views (customer_id, slot) WHERE customer_id IS NOT NULL AND NOT over;
CREATE INDEX views_in_trouble ON views (slot) WHERE quarantined_at IS NOT NULL OR held_by_fold IS NOT NULL;
