-- Reads channels that Apple has made for an app in an environment.
-- $1 smallint[]  slots
-- $2 text        app
-- $3 text        environment
-- $4 text[]      those with these ids of Apple's, also where they are gone; NULL: those that are open
-- Returns: slot smallint, subject_id text, channel uuid, channel_id text, phase text
SELECT h.slot, h.subject_id, h.channel, h.channel_id, h.phase
FROM channels AS h
WHERE h.slot = ANY ($1::smallint[]) AND h.app = $2 AND h.environment = $3 AND h.channel_id IS NOT NULL
  AND ($4::text[] IS NULL AND h.phase = 'open' OR h.channel_id = ANY ($4::text[]))
