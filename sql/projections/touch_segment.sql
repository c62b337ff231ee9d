-- Gives a list of ids another revision, because its ids are about to change, and holds it until they have.
-- $1 text  name
-- Returns: ids_of text
UPDATE segments AS s
SET revision = gen_random_uuid(), changed_at = lockstep_now()
WHERE s.name = $1 AND s.ids_of IS NOT NULL
RETURNING s.ids_of
