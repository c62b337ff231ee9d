-- Notes which of the channels that Apple lists for an app in an environment nobody knows; since when stays as it was.
-- $1 text    app
-- $2 text    environment
-- $3 text[]  their ids
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), known AS (
    DELETE FROM unknown_channels AS u
    WHERE u.app = $1 AND u.environment = $2 AND u.channel_id <> ALL ($3::text[])
)
INSERT INTO unknown_channels (app, environment, channel_id, listed_at)
SELECT $1, $2, i.channel_id, now.at
FROM now, unnest($3::text[]) AS i(channel_id)
ORDER BY i.channel_id
ON CONFLICT (app, environment, channel_id) DO NOTHING
