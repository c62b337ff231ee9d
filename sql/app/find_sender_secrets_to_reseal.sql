-- Gives the secrets of sources that sign, as they are sealed.
-- Returns: name text, secret_sealed bytea, previous_sealed bytea
SELECT source AS name, secret_sealed, previous_sealed
FROM senders
ORDER BY source
