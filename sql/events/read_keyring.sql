-- Reads the installation's wrapped keys, and which of them every process has had the time to learn of.
-- $1 double precision  seconds in which every process learns of a key
-- Returns: name text, wrapped bytea, known boolean
SELECT name, wrapped, created_at <= lockstep_now() - $1 * interval '1 second' AS known
FROM keyring
