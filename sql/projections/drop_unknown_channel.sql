-- Forgets a channel that nobody knew and that Apple has deleted.
-- $1 text  app
-- $2 text  environment
-- $3 text  its id
DELETE FROM unknown_channels AS u
WHERE u.app = $1 AND u.environment = $2 AND u.channel_id = $3
