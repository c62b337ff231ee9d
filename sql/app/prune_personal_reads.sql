-- Deletes what is said of reads before so many days.
-- $1 smallint[]  slots
-- $2 integer     days that are kept
-- $3 bigint      at the most so many
-- Returns: pruned bigint
WITH old AS MATERIALIZED (
    SELECT r.slot, r.subject_id, r.day, r.reader, r.what
    FROM personal_reads AS r
    WHERE r.slot = ANY ($1::smallint[])
      AND r.day < (lockstep_now() AT TIME ZONE 'UTC')::date - $2::integer
    LIMIT $3
    FOR UPDATE SKIP LOCKED
), pruned AS (
    DELETE FROM personal_reads AS r
    USING old AS o
    WHERE r.slot = o.slot AND r.subject_id = o.subject_id AND r.day = o.day AND r.reader = o.reader AND r.what = o.what
    RETURNING r.slot
)
SELECT count(*) AS pruned
FROM pruned
