-- Finds subjects that are ahead of the feed, of the slots whose feed is open. None of them is settled: see settle_heads.
-- $1 smallint[]  slots
-- $2 bigint      at the most so many
-- Returns: slot smallint, subject_id text
SELECT h.slot, h.subject_id
FROM feed_slots AS s
JOIN heads AS h ON h.slot = s.slot
LEFT JOIN LATERAL (
    SELECT n.version
    FROM feed AS n
    WHERE n.slot = h.slot AND n.subject_id = h.subject_id
    ORDER BY n.version DESC
    LIMIT 1
) AS f ON true
WHERE s.slot = ANY ($1::smallint[])
  AND h.settled_at IS NULL
  AND h.archived_at IS NULL
  AND h.version > coalesce(f.version, 0)
LIMIT $2
