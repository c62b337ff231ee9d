-- Notes that the answer to its report tells an app what to fetch and delete. No card refers to the latter from now on.
-- $1 text    device id
-- $2 text[]  to fetch
-- $3 text[]  to delete,
-- $4 text[]  their keys
-- $5 text[]  and hashes
WITH dropping AS (
    UPDATE device_assets AS d
    SET dropping = true
    FROM unnest($4::text[], $5::text[]) AS t(key, sha256)
    WHERE d.device_id = $1 AND d.key = t.key AND d.sha256 = t.sha256
)
UPDATE asset_debts AS d
SET told_fetch = $2, told_drop = $3, told_at = d.reported_at, told_times = 1
WHERE d.device_id = $1
