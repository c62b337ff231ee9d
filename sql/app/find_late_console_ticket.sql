-- Tells when a ticket that nobody used expired.
-- $1 bytea  hash of the ticket
-- Returns: expires_at timestamptz
SELECT t.expires_at
FROM console_tickets AS t
WHERE t.hash = $1
  AND t.expires_at <= lockstep_now()
