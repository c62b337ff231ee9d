-- Stores what an app says of its phone and flags it for the matcher.
--  $1 text     device id
--  $2 text     customer id; NULL: nobody is signed in
--  $3 text     app
--  $4 text     environment
--  $5 text     iOS version; NULL: it has Android
--  $6 text     app build
--  $7 text     locale
--  $8 boolean  Live Activities are switched on
--  $9 boolean  frequent pushes are switched on
-- $10 bytea    blind index of the alert token; NULL: none
-- $11 double precision  seconds until the matcher looks
-- $12 text[]   tags; NULL leaves those that it has
-- $13 text     version of Android; NULL: it has iOS
-- Returns: unreported_starts integer
INSERT INTO devices AS d (device_id, customer_id, app, environment, ios_version, app_build, locale, activities_enabled,
                          frequent_pushes, alert_token_hash, registered_at, confirmed_at, match_due_at, match_count,
                          tags, android_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now.at, now.at,
       now.at + $11::double precision * interval '1 second', 1,
       coalesce($12::text[], '{}'), $13
FROM (SELECT lockstep_now() AS at) AS now
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
        confirmed_at = excluded.confirmed_at,
        forgotten_at = NULL,
        match_due_at = excluded.match_due_at,
        match_count = d.match_count + 1,
        tags = coalesce($12::text[], d.tags)
RETURNING d.unreported_starts
