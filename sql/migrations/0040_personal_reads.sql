-- Who looked at whose personal values: a row for each reader, subject, way and day. Nothing personal is in it.

CREATE TABLE personal_reads (
    slot       smallint    NOT NULL,
    subject_id text        NOT NULL COLLATE "C",
    day        date        NOT NULL,
    reader     text        NOT NULL COLLATE "C",
    what       text        NOT NULL COLLATE "C",
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    times      bigint      NOT NULL,
    PRIMARY KEY (slot, subject_id, day, reader, what)
);

CREATE INDEX personal_reads_by_day ON personal_reads (slot, day);
