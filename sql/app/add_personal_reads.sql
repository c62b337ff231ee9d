-- Notes who looked at what; the same again on one day is counted.
-- $1 smallint[]  slots
-- $2 text[]      subject ids
-- $3 text[]      readers
-- $4 text[]      what they asked for
-- $5 bigint[]    how often
INSERT INTO personal_reads AS r (slot, subject_id, day, reader, what, first_at, last_at, times)
SELECT n.slot, n.subject_id, (now.at AT TIME ZONE 'UTC')::date, n.reader, n.what, now.at, now.at, n.times
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::bigint[])
     AS n(slot, subject_id, reader, what, times)
CROSS JOIN (SELECT lockstep_now() AS at) AS now
ORDER BY n.slot, n.subject_id, n.reader, n.what
ON CONFLICT (slot, subject_id, day, reader, what) DO UPDATE
SET last_at = excluded.last_at,
    times = r.times + excluded.times
