-- Deletes tickets that expired a day ago, of which nobody asks any more, and keys of sessions that ended a while ago.
-- $1 integer  days that the keys of ended sessions are kept
-- Returns: tickets bigint, keys bigint
WITH tickets AS (
    DELETE FROM console_tickets AS t
    WHERE t.expires_at <= lockstep_now() - interval '1 day'
    RETURNING t.hash
), keys AS (
    DELETE FROM api_keys AS k
    WHERE k.of_console
      AND least(k.expires_at, k.revoked_at) < lockstep_now() - $1::integer * interval '1 day'
    RETURNING k.key_id
)
SELECT (SELECT count(*) FROM tickets) AS tickets, (SELECT count(*) FROM keys) AS keys
