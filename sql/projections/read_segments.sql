-- Reads segments by their names.
-- $1 text[]  names
-- Returns: name text, filter text, ids_of text, revision uuid, changed_at timestamptz
SELECT s.name, s.filter, s.ids_of, s.revision, s.changed_at
FROM segments AS s
WHERE s.name = ANY ($1::text[])
