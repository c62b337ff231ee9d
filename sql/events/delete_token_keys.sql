-- Deletes keys that tokens were sealed with, once the newest has been there for so long.
-- $1 text[]            names
-- $2 text              the newest one's name
-- $3 double precision  seconds
-- Returns: name text
DELETE FROM keyring AS k
USING keyring AS newest
WHERE k.name = ANY ($1::text[])
  AND newest.name = $2
  AND k.name <> newest.name
  AND newest.created_at <= lockstep_now() - $3 * interval '1 second'
RETURNING k.name
