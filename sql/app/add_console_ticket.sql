-- Adds a ticket that opens the console once.
-- $1 bytea             hash
-- $2 text[]            scopes of the session that it begins
-- $3 integer           seconds that the session lasts
-- $4 double precision  seconds until the ticket expires
-- Returns: expires_at timestamptz
INSERT INTO console_tickets (hash, scopes, session_seconds, created_at, expires_at)
VALUES ($1, $2, $3, lockstep_now(), lockstep_now() + $4 * interval '1 second')
RETURNING expires_at
