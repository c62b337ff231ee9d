-- What people ask for: a card ended or sent again, pushes planned and recorded but not sent, and old rows gone.

ALTER TABLE cards
    ADD COLUMN asked    text CHECK (asked IN ('end', 'resend')),
    ADD COLUMN asked_at timestamptz;

-- kind 'all' has the key '*', 'share' the per cent of customers.
CREATE TABLE shadows (
    kind   text        NOT NULL CHECK (kind IN ('all', 'app', 'type', 'share')),
    key    text        NOT NULL,
    reason text        NOT NULL,
    since  timestamptz NOT NULL,
    PRIMARY KEY (kind, key)
);

-- Drops the partitions of days before this one, and what the default partition holds of them.
CREATE FUNCTION drop_receipts_before(first_kept date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day     text;
    dropped integer := 0;
BEGIN
    FOR day IN
        SELECT c.relname
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'receipts'::regclass AND c.relname ~ '^receipts_[0-9]{8}$'
          AND c.relname < 'receipts_' || to_char(first_kept, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', day);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM receipts_other WHERE sent_at < first_kept::timestamp AT TIME ZONE 'UTC';
    RETURN dropped;
END $$;
