-- Counts the ids of a segment.
-- $1 text  name
-- Returns: ids bigint
SELECT count(*) AS ids
FROM segment_ids AS s
WHERE s.name = $1
