-- At Apple's limit of channels no more are asked for: a pause that holds no card.

ALTER TABLE pauses DROP CONSTRAINT pauses_kind_check;
ALTER TABLE pauses ADD CONSTRAINT pauses_kind_check
    CHECK (kind IN ('all', 'app', 'type', 'topic', 'credential', 'endpoint', 'channels'));
