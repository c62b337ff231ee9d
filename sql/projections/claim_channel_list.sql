-- Takes the list that is due the longest, under a lease; not one whose channels are paused or only shadowed.
-- $1 double precision  seconds of lease
-- $2 text[]            keys: app, or * for those that no other key names
-- $3 text[]            keys: environment
-- $4 text[]            keys: key id
-- Returns: app text, environment text, debt bigint, now timestamptz
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), paused AS MATERIALIZED (
    SELECT p.kind, p.key
    FROM now, pauses AS p
    WHERE p.until IS NULL OR p.until > now.at
), served AS MATERIALIZED (
    SELECT k.app, k.environment, k.key_id || '/' || k.environment AS credential
    FROM unnest($2::text[], $3::text[], $4::text[]) AS k(app, environment, key_id)
), taken AS MATERIALIZED (
    SELECT l.app, l.environment
    FROM now, channel_lists AS l
    WHERE l.due_at <= now.at AND (l.leased_until IS NULL OR l.leased_until <= now.at)
      AND NOT EXISTS (
          SELECT FROM paused AS p
          WHERE p.kind = 'all'
             OR p.kind = 'app' AND p.key = l.app
             OR p.kind = 'topic' AND p.key = l.app || '/' || l.environment
             OR p.kind = 'credential' AND p.key = (
                    SELECT k.credential
                    FROM served AS k
                    WHERE k.environment = l.environment AND k.app IN (l.app, '*')
                    ORDER BY k.app = '*'
                    LIMIT 1))
      AND NOT EXISTS (SELECT FROM shadows AS s WHERE s.kind = 'all' OR s.kind = 'app' AND s.key = l.app)
    ORDER BY l.due_at
    LIMIT 1
    FOR UPDATE OF l SKIP LOCKED
)
UPDATE channel_lists AS l
SET leased_until = now.at + $1 * interval '1 second'
FROM taken AS t, now
WHERE l.app = t.app AND l.environment = t.environment
RETURNING l.app, l.environment, l.debt, now.at AS now
