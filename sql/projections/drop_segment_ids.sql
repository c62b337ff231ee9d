-- Takes ids out of a segment.
-- $1 text    name
-- $2 text[]  ids; NULL: all of them
DELETE FROM segment_ids AS s
WHERE s.name = $1 AND ($2::text[] IS NULL OR s.id = ANY ($2::text[]))
