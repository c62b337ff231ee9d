-- Finds versions of definitions; the newest where none is named, unless it was deleted.
-- $1 text[]     names
-- $2 integer[]  versions; NULL: the newest
-- Returns: name text, asked integer, version integer, body json, saved_at timestamptz
SELECT wanted.name, wanted.version AS asked, d.version, d.body, d.saved_at
FROM unnest($1::text[], $2::integer[]) AS wanted(name, version)
CROSS JOIN LATERAL (
    SELECT v.version, v.body, v.saved_at
    FROM definitions AS v
    WHERE v.name = wanted.name AND v.version = coalesce(wanted.version, v.version)
    ORDER BY v.version DESC
    LIMIT 1
) AS d
WHERE d.body IS NOT NULL
