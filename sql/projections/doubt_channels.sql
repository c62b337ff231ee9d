-- Doubts what is known of channels, after a restore or a failover that may have lost the newest writes: what each says is
-- published again, later than anything that was. One that was made meanwhile is not known, and made again.
-- $1 smallint[]  slots
-- Returns: channels bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), doubted AS (
    UPDATE channels AS h
    SET timestamp_used = greatest(h.timestamp_used, extract(epoch FROM now.at)::bigint),
        accepted_hash = NULL,
        lease = h.lease + 1,
        leased_at = NULL,
        leased_until = NULL,
        blocked_until = NULL,
        due_at = now.at,
        debt = h.debt + 1
    FROM now
    WHERE h.slot = ANY ($1::smallint[]) AND h.phase <> 'gone'
    RETURNING h.slot
)
SELECT count(*) AS channels
FROM doubted
