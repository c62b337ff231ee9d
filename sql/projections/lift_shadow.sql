-- Lifts a shadow.
-- $1 text  kind
-- $2 text  key
-- Returns: kind text
DELETE FROM shadows
WHERE kind = $1 AND key = $2
RETURNING kind
