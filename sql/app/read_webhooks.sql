-- Reads webhooks.
-- $1 text  name; NULL: all
-- Returns: name text, url text, types text[], secret_sealed bytea, created_at timestamptz, changed_at timestamptz,
--          previous_until timestamptz, failing_since timestamptz, failures integer, disabled_at timestamptz,
--          disabled_why text
SELECT w.name, w.url, w.types, w.secret_sealed, w.created_at, w.changed_at,
       CASE WHEN w.previous_until > lockstep_now() THEN w.previous_until END AS previous_until, w.failing_since,
       w.failures, w.disabled_at, w.disabled_why
FROM webhooks AS w
WHERE $1::text IS NULL OR w.name = $1
ORDER BY w.name
