-- Wraps keys of the installation anew, all of them or none, each only if it is as it was read.
-- $1 text[]   names
-- $2 bytea[]  as they were read
-- $3 bytea[]  wrapped anew
-- Returns: name text
WITH mine AS MATERIALIZED (
    SELECT k.name, n.anew
    FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS n(name, wrapped, anew)
    JOIN keyring AS k ON k.name = n.name AND k.wrapped = n.wrapped
    ORDER BY k.name
    FOR UPDATE OF k
)
UPDATE keyring AS k
SET wrapped = m.anew
FROM mine AS m
WHERE k.name = m.name
RETURNING k.name
