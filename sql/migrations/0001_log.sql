-- The log: what happened to each subject, append-only, dense versions, no global order.

-- A test database can move time; the check makes sure that no other can.
CREATE TABLE test_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ahead    interval NOT NULL CHECK (current_database() LIKE '%\_test%')
);

CREATE FUNCTION lockstep_now() RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RETURN clock_timestamp() + coalesce((SELECT ahead FROM test_clock), interval '0');
END $$;

CREATE TABLE heads (
    slot             smallint    NOT NULL CHECK (slot BETWEEN 0 AND 255),
    subject_id       text        NOT NULL COLLATE "C",
    version          bigint      NOT NULL,
    last_recorded_at timestamptz NOT NULL,
    settled_at       timestamptz,
    archived_at      timestamptz,
    PRIMARY KEY (slot, subject_id)
) WITH (fillfactor = 70);

CREATE INDEX heads_unsettled ON heads (slot, subject_id) WHERE settled_at IS NULL;

CREATE TABLE events (
    slot           smallint    NOT NULL,
    subject_id     text        NOT NULL COLLATE "C",
    version        bigint      NOT NULL,
    source         text        NOT NULL COLLATE "C",
    event_id       text        NOT NULL COLLATE "C",
    type           text        NOT NULL COLLATE "C",
    schema_version smallint    NOT NULL,
    digest         bytea       NOT NULL,
    data           json        NOT NULL,
    sealed         bytea,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    trace          text,
    PRIMARY KEY (slot, subject_id, version),
    UNIQUE (slot, subject_id, source, event_id)
);

CREATE FUNCTION refuse_changing_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('lockstep.archiving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'events are facts: % on the log is refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Append a new event; finished subjects leave by archiving.';
END $$;

CREATE TRIGGER events_are_facts BEFORE UPDATE OR DELETE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_changing_events();

-- The data key of a subject's personal fields; erasure empties it and leaves the row, so that no new key is made.
CREATE TABLE subject_keys (
    slot       smallint NOT NULL,
    subject_id text     NOT NULL COLLATE "C",
    wrapped    bytea,
    erased_at  timestamptz,
    PRIMARY KEY (slot, subject_id)
);

-- Keys of the whole installation, wrapped by the secret key of the settings.
CREATE TABLE keyring (
    name       text PRIMARY KEY COLLATE "C",
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT lockstep_now()
);
