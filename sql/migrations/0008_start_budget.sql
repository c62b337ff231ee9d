-- How many starts a phone can still take, and whether its app told of those that it was sent.

ALTER TABLE devices
    ADD COLUMN start_credit    double precision, -- NULL: all of it
    ADD COLUMN start_credit_at timestamptz;

ALTER TABLE cards
    ADD COLUMN unreported boolean NOT NULL DEFAULT false;
