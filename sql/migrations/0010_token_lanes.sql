-- What APNs said of a token besides that it is dead: to wait with it, or that it is one of the other environment.

ALTER TABLE cards
    ADD COLUMN tried_hash        bytea,
    ADD COLUMN tried_environment text;

ALTER TABLE push_tokens
    ADD COLUMN works_in      text CHECK (works_in IN ('sandbox', 'production')),
    ADD COLUMN blocked_until timestamptz;
