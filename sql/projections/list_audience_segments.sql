-- Lists the segments, by revision, that open audiences have been looked through for.
-- $1 smallint[]  slots
-- Returns: segment text, revision uuid
SELECT DISTINCT a.segment, a.revision
FROM audiences AS a
WHERE a.slot = ANY ($1::smallint[]) AND a.customers IS NULL AND a.over_at IS NULL AND a.segment IS NOT NULL
