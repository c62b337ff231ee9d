-- Rebuilds: the generation before the live one, to which a slot can go back, and the one that a slot goes to next.

ALTER TABLE slots
    ADD COLUMN previous_generation   smallint,
    ADD COLUMN previous_fold_version integer;

CREATE TABLE rebuilds (
    slot         smallint PRIMARY KEY CHECK (slot BETWEEN 0 AND 255),
    generation   smallint NOT NULL,
    fold_version integer  NOT NULL,
    back         boolean  NOT NULL, -- whether it is the one before
    built_to     text     NOT NULL DEFAULT '' COLLATE "C", -- subjects up to this one were written once
    push_changes boolean  NOT NULL DEFAULT false,
    moved_at     timestamptz        -- the slot is there; what is left is to put changed cards in debt
);
