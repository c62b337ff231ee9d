-- Reads what apps were told of pictures last, and what became of the last look.
-- $1 text[]  device ids
-- Returns: device_id text, told_fetch text[], told_at timestamptz, reported_at timestamptz, outcome text, why text
SELECT b.device_id, b.told_fetch, b.told_at, b.reported_at, b.outcome, b.why
FROM asset_debts AS b
WHERE b.device_id = ANY ($1::text[])
