-- Reads the channels that Apple lists and nobody knows. One is certainly nobody's of ours once no request to make a
-- channel is under way that was begun before it was listed: the answer to that could still bring its id.
-- $1 smallint[]  slots
-- $2 text        app; NULL: any
-- $3 text        environment; NULL: any
-- Returns: app text, environment text, channel_id text, listed_at timestamptz, delete_asked_at timestamptz,
--          certain boolean
SELECT u.app, u.environment, u.channel_id, u.listed_at, u.delete_asked_at,
       NOT EXISTS (SELECT FROM channels AS h
                   WHERE h.slot = ANY ($1::smallint[]) AND h.app = u.app AND h.environment = u.environment
                     AND h.phase = 'creating' AND h.leased_at <= u.listed_at) AS certain
FROM unknown_channels AS u
WHERE ($2::text IS NULL OR u.app = $2) AND ($3::text IS NULL OR u.environment = $3)
  AND NOT EXISTS (SELECT FROM channels AS h
                  WHERE h.slot = ANY ($1::smallint[]) AND h.app = u.app AND h.environment = u.environment
                    AND h.channel_id = u.channel_id)
ORDER BY u.app, u.environment, u.listed_at, u.channel_id
