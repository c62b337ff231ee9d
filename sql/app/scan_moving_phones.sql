-- Reads phones by their ids; those that have signed out are left out.
-- $1 text    after this device id
-- $2 bigint  at the most so many
-- Returns: device_id text, customer_id text, app text, environment text, ios_version text, android_version text,
--          app_build text, locale text, activities_enabled boolean, frequent_pushes boolean, tags text[],
--          told_at timestamptz, alert_token_hash bytea
SELECT device_id, customer_id, app, environment, ios_version, android_version, app_build, locale, activities_enabled,
       frequent_pushes, tags, confirmed_at AS told_at, alert_token_hash
FROM devices
WHERE device_id > $1 AND forgotten_at IS NULL
ORDER BY device_id
LIMIT $2
