-- Adds keys of the installation; whoever came first has added one.
-- $1 text[]   names
-- $2 bytea[]  wrapped keys
INSERT INTO keyring (name, wrapped)
SELECT name, wrapped
FROM unnest($1::text[], $2::bytea[]) AS made(name, wrapped)
ORDER BY name
ON CONFLICT (name) DO NOTHING
