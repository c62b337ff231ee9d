-- Forgets how many starts a phone did not tell of: its app has told of one.
-- $1 text  device id
UPDATE devices
SET unreported_starts = 0
WHERE device_id = $1
