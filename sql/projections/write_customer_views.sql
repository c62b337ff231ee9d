-- Writes views of customers, which the caller has taken, and puts their cards in debt.
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
-- Returns: slot smallint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), written AS (
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
    FROM now,
         unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[], $5::json[], $6::bytea[], $7::json[],
                $8::text[], $9::boolean[], $10::timestamptz[], $11::timestamptz[])
         AS w(slot, subject_id, version, status_version, orders, fingerprint, alerts, last_order, over, begun_at,
              joined_at)
    WHERE v.slot = w.slot AND v.subject_id = w.subject_id
    RETURNING v.slot, v.subject_id
), owing AS MATERIALIZED (
    SELECT c.slot, c.subject_id, c.card_id
    FROM written AS w
    JOIN cards AS c ON c.slot = w.slot AND c.subject_id = w.subject_id
    WHERE c.phase <> 'over'
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET due_at = least(c.due_at, now.at), debt = c.debt + 1
FROM owing AS o, now
WHERE c.slot = o.slot AND c.subject_id = o.subject_id AND c.card_id = o.card_id
RETURNING c.slot
