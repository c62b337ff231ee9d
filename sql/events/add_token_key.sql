-- Adds a key that tokens are sealed with; whoever came first has added it.
-- $1 text   name
-- $2 bytea  wrapped key
INSERT INTO keyring (name, wrapped)
VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING
