-- Lists segments by name.
-- $1 text    after this name
-- $2 bigint  at the most so many
-- Returns: name text, filter text, ids_of text, changed_at timestamptz
SELECT s.name, s.filter, s.ids_of, s.changed_at
FROM segments AS s
WHERE s.name > $1
ORDER BY s.name
LIMIT $2
