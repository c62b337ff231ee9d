-- Reads the installation's wrapped keys, after adding those that are missing.
-- $1 text[]   names
-- $2 bytea[]  wrapped keys, for names that are not there yet
-- Returns: name text, wrapped bytea
INSERT INTO keyring AS k (name, wrapped)
SELECT name, wrapped
FROM unnest($1::text[], $2::bytea[]) AS made(name, wrapped)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET name = k.name
RETURNING name, wrapped
