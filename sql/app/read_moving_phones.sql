-- Reads what is known of phones that may be taken over, and since when; a row for each that is asked for.
-- $1 text[]  device ids
-- Returns: device_id text, known boolean, customer_id text, app text, environment text, told_at timestamptz,
--          now timestamptz
SELECT w.device_id, d.device_id IS NOT NULL AS known, d.customer_id, d.app, d.environment,
       greatest(d.confirmed_at, d.forgotten_at) AS told_at, now.at AS now
FROM (SELECT lockstep_now() AS at) AS now, unnest($1::text[]) AS w(device_id)
LEFT JOIN devices AS d ON d.device_id = w.device_id
