-- Sets aside the heads that are caught up and untouched for a minute; every append takes its head back.
-- Where the feed is open, only those that it has: it finds what is new among the others.
-- Heads that somebody appends to at this moment are skipped, so that no append waits for a sweep; and so is a slot that is
-- to go to its next generation, whose views may be others: a move looks among the heads that are not settled.
-- $1 smallint[]  slots
-- $2 bigint      at the most so many
-- Returns: settled bigint
WITH quiet AS MATERIALIZED (
    SELECT h.slot, h.subject_id
    FROM (SELECT lockstep_now() AS at) AS now, heads AS h
    JOIN slots AS s ON s.slot = h.slot
    JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
    LEFT JOIN feed_slots AS o ON o.slot = h.slot
    WHERE h.slot = ANY ($1::smallint[])
      AND h.settled_at IS NULL
      AND h.last_recorded_at < now.at - interval '1 minute'
      AND h.version = v.version
      AND v.quarantined_at IS NULL
      AND NOT EXISTS (SELECT FROM rebuilds AS r WHERE r.slot = h.slot)
      AND (o.slot IS NULL OR h.archived_at IS NOT NULL OR EXISTS (
          SELECT 1
          FROM feed AS f
          WHERE f.slot = h.slot AND f.subject_id = h.subject_id AND f.version = h.version
      ))
    LIMIT $2
    FOR UPDATE OF h SKIP LOCKED
), settled AS (
    UPDATE heads AS h
    SET settled_at = now.at
    FROM (SELECT lockstep_now() AS at) AS now, quiet AS q
    WHERE h.slot = q.slot AND h.subject_id = q.subject_id
    RETURNING h.slot
)
SELECT count(*) AS settled
FROM settled
