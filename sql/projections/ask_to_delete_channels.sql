-- Has channels deleted that nobody knows, and their lists looked at now.
-- $1 text[]  ids; NULL: all
-- Returns: channel_id text
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), asked AS (
    UPDATE unknown_channels AS u
    SET delete_asked_at = coalesce(u.delete_asked_at, now.at)
    FROM now
    WHERE $1::text[] IS NULL OR u.channel_id = ANY ($1::text[])
    RETURNING u.app, u.environment, u.channel_id
), hurried AS (
    UPDATE channel_lists AS l
    SET due_at = least(l.due_at, now.at), debt = l.debt + 1
    FROM now
    WHERE EXISTS (SELECT FROM asked AS a WHERE a.app = l.app AND a.environment = l.environment)
)
SELECT a.channel_id
FROM asked AS a
ORDER BY a.channel_id
