-- Reads the delivery time that was put for an order last.
-- $1 smallint  slot
-- $2 text      order
-- Returns: delivery_time timestamptz, put_at timestamptz, due_at timestamptz
SELECT delivery_time, at AS put_at, due_at
FROM etas
WHERE slot = $1 AND subject_id = $2
