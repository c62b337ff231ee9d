-- Writes views of customers, which the caller has taken. Their cards are put in debt after that, by `owe_customers`.
--  $1 smallint[]    slot
--  $2 text[]        subject id
--  $3 bigint[]      version
--  $4 bigint[]      version at which an order came, went, or changed its status
--  $5 json[]        orders
--  $6 bytea[]       their fingerprint
--  $7 json[]        alerts
--  $8 text[]        the order that was shown last
--  $9 boolean[]     over
-- $10 timestamptz[] when the first of these orders came
-- $11 timestamptz[] when the last of them came
UPDATE customer_views AS v
SET version = w.version,
    status_version = w.status_version,
    orders = w.orders,
    fingerprint = w.fingerprint,
    alerts = w.alerts,
    last_order = w.last_order,
    over = w.over,
    begun_at = w.begun_at,
    joined_at = w.joined_at,
    gathered_at = now.at
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[], $5::json[], $6::bytea[], $7::json[], $8::text[],
            $9::boolean[], $10::timestamptz[], $11::timestamptz[])
     AS w(slot, subject_id, version, status_version, orders, fingerprint, alerts, last_order, over, begun_at, joined_at)
WHERE v.slot = w.slot AND v.subject_id = w.subject_id
