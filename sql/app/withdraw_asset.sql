-- Withdraws all versions of a picture: no card refers to them from now on.
-- $1 text  key
-- Returns: sha256 text
UPDATE assets AS a
SET withdrawn_at = now.at, telling_after = ''
FROM (SELECT lockstep_now() AS at) AS now
WHERE a.key = $1 AND a.withdrawn_at IS NULL
RETURNING a.sha256
