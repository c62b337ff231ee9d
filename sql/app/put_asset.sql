-- Puts a version of a picture into the manifest, or changes it; it is the newest of its key from now on. Phones with
-- cards that name the key are to look anew; a key that was not there is sought in what cards show.
-- $1 text         key
-- $2 text         hash
-- $3 text         URL
-- $4 bigint       bytes
-- $5 timestamptz  expires at; NULL: never
-- Returns: put_at timestamptz
INSERT INTO assets AS a (key, sha256, url, size_bytes, expires_at, put_at, telling_after, seek_slot, seek_after)
SELECT $1, $2, $3, $4, $5, now.at, '', CASE WHEN is_new THEN 0 END, CASE WHEN is_new THEN '' END
FROM (SELECT lockstep_now() AS at, NOT EXISTS (SELECT FROM assets AS k WHERE k.key = $1) AS is_new) AS now
ON CONFLICT (key, sha256) DO UPDATE
SET url = excluded.url, size_bytes = excluded.size_bytes, expires_at = excluded.expires_at,
    put_at = CASE WHEN a.withdrawn_at IS NULL
                       AND NOT EXISTS (SELECT FROM assets AS n WHERE n.key = a.key AND n.put_at > a.put_at)
                  THEN a.put_at ELSE excluded.put_at END,
    withdrawn_at = NULL, telling_after = ''
RETURNING a.put_at
