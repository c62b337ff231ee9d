-- Writes the secret of a source; the one before it is taken beside it for a while.
-- $1 text              source
-- $2 bytea             secret, sealed
-- $3 double precision  seconds that the secret before is taken too
-- Returns: added boolean
INSERT INTO senders AS s (source, secret_sealed, created_at, changed_at)
VALUES ($1, $2, lockstep_now(), lockstep_now())
ON CONFLICT (source) DO UPDATE
SET secret_sealed = excluded.secret_sealed,
    previous_sealed = s.secret_sealed,
    previous_until = excluded.changed_at + $3 * interval '1 second',
    changed_at = excluded.changed_at
RETURNING created_at = changed_at AS added
