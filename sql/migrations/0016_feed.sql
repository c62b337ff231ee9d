-- The feed: what happened, numbered slot by slot once it has been committed, for readers that keep a place.
-- A slot has a row here once somebody has read the feed; before that nothing is numbered, and it costs nothing.

CREATE TABLE feed_slots (
    slot       smallint PRIMARY KEY,
    position   bigint NOT NULL DEFAULT 0, -- the newest number; numbers rise, and sometimes leap
    leapt_from bigint NOT NULL DEFAULT 0, -- between these two the last leap gave no numbers
    leapt_to   bigint NOT NULL DEFAULT 0,
    swept_to   text COLLATE "C" DEFAULT '', -- how far the heads of before have been numbered; NULL: all
    origin     text -- the history of the database in which the numbers were given; NULL: not known any more
);

CREATE TABLE feed (
    slot       smallint NOT NULL,
    position   bigint   NOT NULL,
    subject_id text     NOT NULL COLLATE "C",
    version    bigint   NOT NULL,
    PRIMARY KEY (slot, position),
    UNIQUE (slot, subject_id, version)
);
