-- Lists who looked at what, whoever looked last first.
-- $1 smallint[]  slots
-- $2 text        subject id, or NULL for every one
-- $3 text        reader, or NULL for every one
-- $4 integer     of so many days
-- $5 bigint      at the most so many
-- Returns: subject_id text, reader text, what text, first_at timestamptz, last_at timestamptz, times bigint
SELECT subject_id, reader, what, first_at, last_at, times
FROM personal_reads
WHERE slot = ANY ($1::smallint[])
  AND ($2::text IS NULL OR subject_id = $2)
  AND ($3::text IS NULL OR reader = $3)
  AND day > (lockstep_now() AT TIME ZONE 'UTC')::date - $4::integer
ORDER BY last_at DESC, subject_id, reader, what
LIMIT $5
