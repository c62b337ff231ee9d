-- Finds the secrets of a source that are taken now.
-- $1 text  source
-- Returns: secret_sealed bytea, previous_sealed bytea
SELECT secret_sealed, CASE WHEN previous_until > lockstep_now() THEN previous_sealed END AS previous_sealed
FROM senders
WHERE source = $1
