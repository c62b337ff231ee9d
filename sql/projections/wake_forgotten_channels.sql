-- Looks for channels that nobody will look at although somebody should: those whose last plan saw an older view. There
-- must be none. Puts what it finds in debt, so that a bug costs a minute and not a match.
-- $1 smallint[]  slots
-- Returns: slot smallint, channel uuid
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), forgotten AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.channel
    FROM now, channels AS h
    JOIN slots AS s ON s.slot = h.slot
    JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
    WHERE h.slot = ANY ($1::smallint[])
      AND h.phase IN ('wanted', 'creating', 'open', 'closing')
      AND h.considered_version < v.version
      AND (h.due_at IS NULL OR h.due_at > now.at)
      AND h.leased_at IS NULL
    ORDER BY h.slot, h.subject_id, h.channel
    FOR UPDATE OF h
)
UPDATE channels AS h
SET due_at = now.at, debt = h.debt + 1
FROM forgotten AS f, now
WHERE h.slot = f.slot AND h.subject_id = f.subject_id AND h.channel = f.channel
RETURNING h.slot, h.channel
