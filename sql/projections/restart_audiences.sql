-- Begins open audiences anew whose segments are others now.
-- $1 smallint[]  slots
-- $2 text[]      segments
-- $3 uuid[]      the revision of each; NULL: it is not there
WITH changed AS MATERIALIZED (
    SELECT a.slot, a.subject_id, n.revision
    FROM unnest($2::text[], $3::uuid[]) AS n(segment, revision)
    JOIN audiences AS a ON a.segment = n.segment AND a.revision IS DISTINCT FROM n.revision
    WHERE a.slot = ANY ($1::smallint[]) AND a.customers IS NULL AND a.over_at IS NULL
    ORDER BY a.slot, a.subject_id
    FOR UPDATE OF a
)
UPDATE audiences AS a
SET after = '', done_at = NULL, revision = c.revision
FROM changed AS c
WHERE a.slot = c.slot AND a.subject_id = c.subject_id
