-- Drops the receipts of days that are over for so long.
-- $1 integer  days that are kept, today not counted
-- Returns: dropped integer
SELECT drop_receipts_before((now.at AT TIME ZONE 'UTC')::date - $1::integer) AS dropped
FROM (SELECT lockstep_now() AS at) AS now
