-- Reads which cards of phones name which pictures, as their last plans saw it.
-- $1 text[]  device ids
-- Returns: device_id text, card_id uuid, key text, slot smallint, subject_id text, ref text, until timestamptz
SELECT u.device_id, u.card_id, u.key, u.slot, u.subject_id, u.ref, u.until
FROM asset_uses AS u
WHERE u.device_id = ANY ($1::text[])
