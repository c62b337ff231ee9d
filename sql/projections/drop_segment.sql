-- Deletes a segment with its ids.
-- $1 text  name
-- Returns: name text
WITH ids AS (
    DELETE FROM segment_ids
    WHERE name = $1
)
DELETE FROM segments AS s
WHERE s.name = $1
RETURNING s.name
