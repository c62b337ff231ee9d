-- Which of Apple's two environments a card lives in, so that trouble with one does not stop the other; and what APNs
-- said of the card last, so that a repetition is known for one.

ALTER TABLE cards
    ADD COLUMN environment  text,
    ADD COLUMN last_answer  text,
    ADD COLUMN same_answers integer NOT NULL DEFAULT 0;

UPDATE cards AS c
SET environment = coalesce((SELECT d.environment FROM devices AS d WHERE d.device_id = c.device_id), 'production');

ALTER TABLE cards
    ALTER COLUMN environment SET NOT NULL,
    ADD CHECK (environment IN ('sandbox', 'production'));
