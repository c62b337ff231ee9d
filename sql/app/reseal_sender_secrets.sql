-- Seals the secrets of a source that signs anew, only if they are as they were read.
-- $1 text   source
-- $2 bytea  secret as it was read
-- $3 bytea  the secret before it, or NULL, as it was read
-- $4 bytea  secret, sealed anew
-- $5 bytea  the secret before it, or NULL, sealed anew
-- Returns: name text
UPDATE senders
SET secret_sealed = $4,
    previous_sealed = $5
WHERE source = $1
  AND secret_sealed = $2
  AND previous_sealed IS NOT DISTINCT FROM $3
RETURNING source AS name
