-- Saves a definition under its next version, unless the newest is the same; without a body it is deleted, if it is there.
-- $1 text  name
-- $2 json  body; NULL deletes
-- Returns: version integer, saved_at timestamptz, added boolean
WITH newest AS (
    SELECT d.version, d.body, d.saved_at
    FROM definitions AS d
    WHERE d.name = $1
    ORDER BY d.version DESC
    LIMIT 1
), added AS (
    INSERT INTO definitions (name, version, body, saved_at)
    SELECT $1, coalesce((SELECT n.version FROM newest AS n), 0) + 1, $2, lockstep_now()
    WHERE NOT EXISTS (SELECT FROM newest AS n WHERE n.body::text IS NOT DISTINCT FROM ($2::json)::text)
      AND ($2::json IS NOT NULL OR EXISTS (SELECT FROM newest))
    RETURNING version, saved_at
)
SELECT version, saved_at, true AS added
FROM added
UNION ALL
SELECT version, saved_at, false AS added
FROM newest
WHERE NOT EXISTS (SELECT FROM added)
