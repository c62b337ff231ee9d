-- Takes the views of customers, making those that are not there, and keeps everybody else from them until the end of the
-- transaction: whoever comes later reads the orders later.
-- $1 smallint[]  slot
-- $2 text[]      subject id of the customer's cards
-- $3 text[]      customer id
-- Returns: slot smallint, subject_id text, customer_id text, version bigint, status_version bigint, orders json,
--          fingerprint bytea, alerts json, last_order text, begun_at timestamptz,
--          joined_at timestamptz
INSERT INTO customer_views AS v (slot, subject_id, customer_id, begun_at, joined_at, gathered_at)
SELECT w.slot, w.subject_id, w.customer_id, now.at, now.at, now.at
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::smallint[], $2::text[], $3::text[]) AS w(slot, subject_id, customer_id)
ORDER BY w.slot, w.subject_id
ON CONFLICT (slot, subject_id) DO UPDATE SET customer_id = excluded.customer_id
RETURNING v.slot, v.subject_id, v.customer_id, v.version, v.status_version, v.orders, v.fingerprint, v.alerts,
          v.last_order, v.begun_at, v.joined_at
