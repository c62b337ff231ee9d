-- Reads the views of customers.
-- $1 smallint[]  slot
-- $2 text[]      subject id of the customer's cards
-- Returns: slot smallint, subject_id text, customer_id text, version bigint, status_version bigint, orders json,
--          fingerprint bytea, alerts json, last_order text, begun_at timestamptz, joined_at timestamptz,
--          gathered_at timestamptz, now timestamptz
SELECT v.slot, v.subject_id, v.customer_id, v.version, v.status_version, v.orders, v.fingerprint, v.alerts,
       v.last_order, v.begun_at, v.joined_at, v.gathered_at, now.at AS now
FROM (SELECT lockstep_now() AS at) AS now, unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN customer_views AS v ON v.slot = wanted.slot AND v.subject_id = wanted.subject_id
WHERE v.fingerprint IS NOT NULL
