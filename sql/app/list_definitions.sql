-- Lists the newest version of each definition that was not deleted, by name.
-- Returns: name text, version integer, body json, saved_at timestamptz
SELECT d.name, d.version, d.body, d.saved_at
FROM (
    SELECT DISTINCT ON (v.name) v.name, v.version, v.body, v.saved_at
    FROM definitions AS v
    ORDER BY v.name, v.version DESC
) AS d
WHERE d.body IS NOT NULL
ORDER BY d.name
