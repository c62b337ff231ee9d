-- Replaces the start tokens of phones of which nothing later is known than what is taken over. Those that have other
-- ones now are flagged for the matcher, and so are those that are named for it.
-- $1 text[]         phones: device id
-- $2 timestamptz[]  phones: when each told of itself
-- $3 text[]         tokens: device id
-- $4 text[]         tokens: attributes type
-- $5 bytea[]        tokens: blind index
-- $6 text[]         tokens: iOS version; NULL: it has Android
-- $7 text[]         flagged in any case: device id
WITH latest AS MATERIALIZED (
    SELECT d.device_id
    FROM unnest($1::text[], $2::timestamptz[]) AS w(device_id, told_at)
    JOIN devices AS d ON d.device_id = w.device_id AND d.confirmed_at = w.told_at AND d.forgotten_at IS NULL
    ORDER BY d.device_id
    FOR UPDATE OF d
), given AS MATERIALIZED (
    SELECT n.device_id, n.attributes_type, n.token_hash, n.ios_version
    FROM unnest($3::text[], $4::text[], $5::bytea[], $6::text[])
         AS n(device_id, attributes_type, token_hash, ios_version)
    JOIN latest AS l ON l.device_id = n.device_id
), gone AS (
    DELETE FROM start_tokens AS s
    USING latest AS l
    WHERE s.device_id = l.device_id
      AND NOT EXISTS (SELECT FROM given AS g WHERE g.device_id = s.device_id AND g.attributes_type = s.attributes_type)
), changed AS (
    INSERT INTO start_tokens AS s (device_id, attributes_type, token_hash, ios_version)
    SELECT g.device_id, g.attributes_type, g.token_hash, g.ios_version
    FROM given AS g
    ON CONFLICT (device_id, attributes_type) DO UPDATE
        SET token_hash = excluded.token_hash, ios_version = excluded.ios_version
        WHERE s.token_hash <> excluded.token_hash
    RETURNING device_id
)
UPDATE devices AS d
SET match_due_at = least(d.match_due_at, now.at), match_count = d.match_count + 1, unreported_starts = 0
FROM (SELECT lockstep_now() AS at) AS now
WHERE d.device_id IN (SELECT device_id FROM changed) OR d.device_id = ANY ($7::text[])
