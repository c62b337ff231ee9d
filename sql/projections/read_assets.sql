-- Reads all versions of keys in the manifest of pictures.
-- $1 text[]  keys
-- Returns: key text, sha256 text, url text, size_bytes bigint, expires_at timestamptz, put_at timestamptz,
--          withdrawn_at timestamptz
SELECT a.key, a.sha256, a.url, a.size_bytes, a.expires_at, a.put_at, a.withdrawn_at
FROM assets AS a
WHERE a.key = ANY ($1::text[])
