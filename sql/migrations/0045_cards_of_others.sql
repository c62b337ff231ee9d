-- A card may have been started by another backend, from which it was taken over.

ALTER TABLE cards
    DROP CONSTRAINT cards_starter_check,
    ADD CONSTRAINT cards_starter_check CHECK (starter IN ('server', 'app', 'app_first', 'other'));
