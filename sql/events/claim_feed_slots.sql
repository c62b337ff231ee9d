-- Locks slots of the feed for one who numbers, passing over those that another has; ask what to number after it.
-- Where the database's history is another than that of the numbers, they leap: those that were given in a future that a
-- restore or a failover took back are not given again. That future may have begun with a leap itself, so they leap to
-- the time, in milliseconds, too: no slot has given a number a millisecond since it was opened.
-- $1 smallint[]  slots
-- $2 bigint      how far to leap at the least
-- Returns: slot smallint, swept_to text
WITH claimed AS MATERIALIZED (
    SELECT s.slot
    FROM feed_slots AS s
    WHERE s.slot = ANY ($1::smallint[])
    ORDER BY s.slot
    FOR UPDATE SKIP LOCKED
), here AS MATERIALIZED (
    SELECT concat_ws('/', c.system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
                     'feed'::regclass::oid) AS origin,
           (extract(epoch FROM lockstep_now() - timestamptz '2025-01-01 00:00:00+00') * 1000)::bigint AS milliseconds
    FROM pg_control_system() AS c
)
UPDATE feed_slots AS s
SET (position, leapt_from, leapt_to, origin) = (
    SELECT leap.at, leap.since, leap.at, here.origin
    FROM (SELECT s.position AS since, greatest(s.position + $2, here.milliseconds) AS at) AS leap
    WHERE s.origin IS DISTINCT FROM here.origin
    UNION ALL
    SELECT s.position, s.leapt_from, s.leapt_to, s.origin
    WHERE s.origin = here.origin
)
FROM claimed, here
WHERE s.slot = claimed.slot
RETURNING s.slot, s.swept_to
