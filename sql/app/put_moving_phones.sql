-- Stores phones that are taken over, unless something later is known of them. They are flagged for the matcher a little
-- later, for their cards come first; and have no start token yet.
--  $1 text[]         device id
--  $2 text[]         customer id; NULL: nobody is signed in
--  $3 text[]         app
--  $4 text[]         environment
--  $5 text[]         iOS version; NULL: it has Android
--  $6 text[]         version of Android; NULL: it has iOS
--  $7 text[]         app build
--  $8 text[]         locale
--  $9 boolean[]      Live Activities are switched on
-- $10 boolean[]      frequent pushes are switched on
-- $11 bytea[]        blind index of the alert token; NULL: none
-- $12 text[]         tags, with commas between; NULL leaves those that it has
-- $13 timestamptz[]  when it told of itself
-- $14 double precision  seconds until the matcher looks
-- Returns: device_id text
INSERT INTO devices AS d (device_id, customer_id, app, environment, ios_version, android_version, app_build, locale,
                          activities_enabled, frequent_pushes, alert_token_hash, tags, registered_at, confirmed_at,
                          match_due_at, match_count)
SELECT n.device_id, n.customer_id, n.app, n.environment, n.ios_version, n.android_version, n.app_build, n.locale,
       n.activities_enabled, n.frequent_pushes, n.alert_token_hash, coalesce(string_to_array(n.tags, ','), '{}'),
       n.told_at, n.told_at, now.at + $14::double precision * interval '1 second', 1
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::boolean[], $10::boolean[], $11::bytea[], $12::text[], $13::timestamptz[])
     AS n(device_id, customer_id, app, environment, ios_version, android_version, app_build, locale,
          activities_enabled, frequent_pushes, alert_token_hash, tags, told_at)
ORDER BY n.device_id
ON CONFLICT (device_id) DO UPDATE
    SET customer_id = excluded.customer_id,
        app = excluded.app,
        environment = excluded.environment,
        ios_version = excluded.ios_version,
        android_version = excluded.android_version,
        app_build = excluded.app_build,
        locale = excluded.locale,
        activities_enabled = excluded.activities_enabled,
        frequent_pushes = excluded.frequent_pushes,
        alert_token_hash = excluded.alert_token_hash,
        tags = CASE WHEN excluded.tags = '{}' THEN d.tags ELSE excluded.tags END,
        confirmed_at = excluded.confirmed_at,
        forgotten_at = NULL,
        match_due_at = excluded.match_due_at,
        match_count = d.match_count + 1
    WHERE greatest(d.confirmed_at, d.forgotten_at) < excluded.confirmed_at
RETURNING device_id
