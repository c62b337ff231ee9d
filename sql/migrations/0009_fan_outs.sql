-- Subjects with so many cards that their debt is spread in batches: a row while there are cards left to put in debt.

ALTER TABLE views
    ADD COLUMN crowd boolean NOT NULL DEFAULT false;

CREATE TABLE fan_outs (
    slot       smallint    NOT NULL,
    subject_id text        NOT NULL COLLATE "C",
    raised_at  timestamptz NOT NULL,
    after      uuid, -- cards up to this one are in debt; NULL: none yet
    PRIMARY KEY (slot, subject_id)
);
