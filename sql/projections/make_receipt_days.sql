-- Makes the partitions of the receipts for today and the two days to come.
SELECT make_receipts_day((now.at AT TIME ZONE 'UTC')::date + ahead)
FROM (SELECT lockstep_now() AS at) AS now, generate_series(0, 2) AS ahead
