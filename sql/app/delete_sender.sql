-- Deletes a source's secrets.
-- $1 text  source
-- Returns: source text
DELETE FROM senders
WHERE source = $1
RETURNING source
