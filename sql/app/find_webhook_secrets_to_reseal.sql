-- Gives the secrets of webhooks, as they are sealed.
-- Returns: name text, secret_sealed bytea, previous_sealed bytea
SELECT name, secret_sealed, previous_sealed
FROM webhooks
ORDER BY name
