-- Deletes versions of pictures that are out of date for a month, and that no phone has.
-- Returns: pruned bigint
WITH pruned AS (
    DELETE FROM assets AS a
    USING (SELECT lockstep_now() AS at) AS now
    WHERE (a.withdrawn_at < now.at - interval '30 days' OR a.expires_at < now.at - interval '30 days'
           OR EXISTS (SELECT FROM assets AS n WHERE n.key = a.key AND n.withdrawn_at IS NULL AND n.put_at > a.put_at
                                                AND n.put_at < now.at - interval '30 days'))
      AND NOT EXISTS (SELECT FROM device_assets AS d WHERE d.key = a.key AND d.sha256 = a.sha256)
      AND NOT EXISTS (SELECT FROM asset_uses AS u WHERE u.key = a.key)
    RETURNING a.key
)
SELECT count(*) AS pruned
FROM pruned
