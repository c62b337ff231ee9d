-- Says that an environment of APNs' is reached again.
-- $1 text  environment
DELETE FROM outages
WHERE environment = $1
