-- Who an audience may be: tags of phones and of customers, and segments by name.

ALTER TABLE devices ADD COLUMN tags text[] NOT NULL DEFAULT '{}';

-- The flag says that the customer's phones are to be looked at again; it is lowered by its counter, as those of phones.
CREATE TABLE customer_tags (
    customer_id  text        NOT NULL COLLATE "C",
    tags         text[]      NOT NULL,
    changed_at   timestamptz NOT NULL,
    match_due_at timestamptz,
    match_count  bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (customer_id)
);
CREATE INDEX customer_tags_to_match ON customer_tags (match_due_at) WHERE match_due_at IS NOT NULL;

-- A segment is a filter, or a list of ids. Its revision is another after each change, also of one that was deleted in
-- between: whoever has looked through it knows whether that still holds.
CREATE TABLE segments (
    name       text        NOT NULL COLLATE "C",
    filter     text,
    ids_of     text        CHECK (ids_of IN ('customers', 'devices')),
    revision   uuid        NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (name),
    CHECK ((filter IS NULL) <> (ids_of IS NULL))
);

CREATE TABLE segment_ids (
    name     text        NOT NULL COLLATE "C",
    id       text        NOT NULL COLLATE "C",
    added_at timestamptz NOT NULL,
    PRIMARY KEY (name, id)
);
