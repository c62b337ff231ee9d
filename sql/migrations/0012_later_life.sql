-- How many urgent pushes a phone can still take, and which pushes were sent without urgency because it could take none;
-- and how old a card says that its news is.

ALTER TABLE devices
    ADD COLUMN urgent_credit    double precision, -- NULL: all of it
    ADD COLUMN urgent_credit_at timestamptz;

ALTER TABLE receipts
    ADD COLUMN demoted boolean NOT NULL DEFAULT false;

ALTER TABLE cards
    ADD COLUMN freshness text CHECK (freshness IN ('fresh', 'late', 'stale'));
