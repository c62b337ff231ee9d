-- Adds ids to a segment; those that are there stay.
-- $1 text    name
-- $2 text[]  ids
INSERT INTO segment_ids (name, id, added_at)
SELECT $1, n.id, lockstep_now()
FROM unnest($2::text[]) AS n(id)
ORDER BY n.id
ON CONFLICT (name, id) DO NOTHING
