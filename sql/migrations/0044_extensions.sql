-- Extension attributes of CloudEvents, kept with their events.

ALTER TABLE events
    ADD COLUMN extensions bytea; -- a JSON object, sealed with the subject's data key
