-- Replaces the start tokens of a device. A new value may do better than the last, whose starts were not told of; one that
-- is there already keeps the iOS that it was reported under.
-- $1 text     device id
-- $2 text[]   attributes types
-- $3 bytea[]  blind indexes
-- $4 text     iOS version; NULL: it has Android
WITH gone AS (
    DELETE FROM start_tokens
    WHERE device_id = $1 AND NOT attributes_type = ANY ($2::text[])
), changed AS (
    INSERT INTO start_tokens AS t (device_id, attributes_type, token_hash, ios_version)
    SELECT $1, n.attributes_type, n.token_hash, $4
    FROM unnest($2::text[], $3::bytea[]) AS n(attributes_type, token_hash)
    ON CONFLICT (device_id, attributes_type) DO UPDATE
        SET token_hash = excluded.token_hash, ios_version = excluded.ios_version
        WHERE t.token_hash <> excluded.token_hash
    RETURNING attributes_type
)
UPDATE devices AS d
SET unreported_starts = 0
WHERE d.device_id = $1 AND d.unreported_starts > 0 AND EXISTS (SELECT FROM changed)
