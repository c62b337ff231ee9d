-- Reads the channels that Apple has made for an app in an environment, also those that are gone.
-- $1 smallint[]  slots
-- $2 text        app
-- $3 text        environment
-- Returns: slot smallint, subject_id text, channel uuid, channel_id text, phase text
SELECT h.slot, h.subject_id, h.channel, h.channel_id, h.phase
FROM channels AS h
WHERE h.slot = ANY ($1::smallint[]) AND h.app = $2 AND h.environment = $3 AND h.channel_id IS NOT NULL
