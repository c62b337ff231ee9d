-- The later life of a card: how many urgent pushes its phone can still take, and which pushes were sent without urgency
-- because it could take none; how old the card says that its news is; news by ordinary notifications; and how old its
-- phone's start token is.

ALTER TABLE devices
    ADD COLUMN urgent_credit    double precision, -- NULL: all of it
    ADD COLUMN urgent_credit_at timestamptz;

ALTER TABLE receipts
    ADD COLUMN demoted boolean NOT NULL DEFAULT false;

ALTER TABLE cards
    ADD COLUMN freshness text CHECK (freshness IN ('fresh', 'late', 'stale'));

ALTER TABLE cards
    DROP CONSTRAINT cards_intent_kind_check,
    ADD CHECK (intent_kind IN ('start', 'update', 'end', 'alert'));

-- Alert tokens stand among the others, so that a value belongs to one device and APNs' word of it is kept. Apps report
-- theirs at each launch; nothing was sent to the old ones.
ALTER TABLE devices
    DROP COLUMN alert_token_sealed,
    ADD COLUMN alert_token_hash bytea;

-- The iOS that the phone had when this value was reported first: tokens go stale when iOS is upgraded. NULL: unknown.
ALTER TABLE start_tokens
    ADD COLUMN ios_version text;
