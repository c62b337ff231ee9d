-- Notes which cards name which pictures, and puts their phones in debt.
-- $1 text[]         device ids
-- $2 uuid[]         card ids
-- $3 text[]         keys
-- $4 smallint[]     slots
-- $5 text[]         subject ids
-- $6 text[]         what the card may refer to; NULL: the placeholder
-- $7 timestamptz[]  until when the card is on the screen, at the latest
-- Returns: device_id text
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), noted AS (
    INSERT INTO asset_uses AS u (device_id, card_id, key, slot, subject_id, ref, until)
    SELECT n.device_id, n.card_id, n.key, n.slot, n.subject_id, n.ref, n.until
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::timestamptz[])
         AS n(device_id, card_id, key, slot, subject_id, ref, until)
    ORDER BY n.device_id, n.card_id, n.key
    ON CONFLICT (device_id, card_id, key) DO UPDATE SET ref = excluded.ref, until = excluded.until
)
INSERT INTO asset_debts AS d (device_id, due_at)
SELECT DISTINCT n.device_id, now.at
FROM now, unnest($1::text[]) AS n(device_id)
ORDER BY n.device_id
ON CONFLICT (device_id) DO UPDATE SET debt = d.debt + 1, due_at = least(d.due_at, excluded.due_at)
RETURNING d.device_id
