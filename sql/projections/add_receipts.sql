-- Keeps what was sent and what APNs answered; a receipt that is there already stays.
--  $1 smallint[]     slot
--  $2 text[]         subject id
--  $3 uuid[]         card id
--  $4 bigint[]       lease
--  $5 timestamptz[]  sent at
--  $6 timestamptz[]  answered at
--  $7 timestamptz[]  the view was folded at
--  $8 text[]         kind
--  $9 bigint[]       version
-- $10 text[]         why it was sent
-- $11 text[]         outcome
-- $12 uuid[]         apns-id
-- $13 bigint[]       timestamp
-- $14 smallint[]     priority
-- $15 smallint[]     status
-- $16 text[]         reason
-- $17 bytea[]        payload, sealed
-- $18 boolean[]      demoted: priority 5 in the place of 10
INSERT INTO receipts (slot, subject_id, card_id, lease, sent_at, answered_at, folded_at, kind, version, why, outcome,
                      apns_id, timestamp, priority, status, reason, sealed, demoted)
SELECT *
FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::uuid[], $13::bigint[],
            $14::smallint[], $15::smallint[], $16::text[], $17::bytea[], $18::boolean[])
ON CONFLICT DO NOTHING
