-- Lifts a pause.
-- $1 text  kind
-- $2 text  key
-- Returns: kind text
DELETE FROM pauses
WHERE kind = $1 AND key = $2
RETURNING kind
