-- Writes what became of phones that were to be told of pictures, and lets go uses that are a day old. A lease that was
-- lost meanwhile changes nothing; a phone with a new reason to look is due again at once.
-- $1 text[]              device ids
-- $2 bigint[]            leases
-- $3 bigint[]            debts as they were claimed
-- $4 timestamptz[]       due again at; NULL: when there is a reason
-- $5 double precision[]  seconds that nothing may be sent for
-- $6 boolean[]           the app was told now, of
-- $7 text[]              what it is to fetch, and
-- $8 text[]              delete, with spaces
-- $9 integer[]           how often it was told the same
-- $10 double precision[] credit left of the phone's budget; NULL: as it was
-- $11 integer[]          attempts
-- $12 text[]             outcome
-- $13 text[]             why
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), settled AS (
    SELECT *
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::double precision[], $6::boolean[],
                $7::text[], $8::text[], $9::integer[], $10::double precision[], $11::integer[], $12::text[],
                $13::text[])
         AS s(device_id, lease, debt, next_at, block_seconds, told, fetched, dropped, times, credit, attempts, outcome,
              why)
), locked AS MATERIALIZED (
    SELECT s.device_id
    FROM settled AS s
    JOIN asset_debts AS b ON b.device_id = s.device_id AND b.lease = s.lease AND b.leased_until IS NOT NULL
    ORDER BY s.device_id
    FOR UPDATE OF b
), old AS (
    DELETE FROM asset_uses AS u
    USING locked AS l, now
    WHERE u.device_id = l.device_id AND u.until <= now.at - interval '24 hours'
)
UPDATE asset_debts AS b
SET due_at = CASE WHEN b.debt = s.debt THEN s.next_at ELSE now.at END,
    blocked_until = now.at + s.block_seconds * interval '1 second',
    leased_until = NULL,
    told_at = CASE WHEN s.told THEN now.at ELSE b.told_at END,
    told_times = s.times,
    -- a report that came meanwhile was answered, and knows better what the app was told
    told_fetch = CASE WHEN s.told OR b.debt = s.debt THEN string_to_array(s.fetched, ' ') ELSE b.told_fetch END,
    told_drop = CASE WHEN s.told OR b.debt = s.debt THEN string_to_array(s.dropped, ' ') ELSE b.told_drop END,
    credit = coalesce(s.credit, b.credit),
    credit_at = CASE WHEN s.credit IS NULL THEN b.credit_at ELSE now.at END,
    attempts = s.attempts,
    outcome = s.outcome,
    why = s.why,
    outcome_at = now.at
FROM locked AS l, settled AS s, now
WHERE b.device_id = l.device_id AND s.device_id = l.device_id
