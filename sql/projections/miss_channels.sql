-- Has Apple asked for channels that its list lacks and that carry cards.
-- $1 smallint[]  slots
-- $2 text[]      subject ids
-- $3 uuid[]      channels
-- Returns: slot smallint
WITH missing AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.channel
    FROM unnest($1::smallint[], $2::text[], $3::uuid[]) AS m(slot, subject_id, channel)
    JOIN channels AS h ON h.slot = m.slot AND h.subject_id = m.subject_id AND h.channel = m.channel
    WHERE h.phase = 'open'
    ORDER BY h.slot, h.subject_id, h.channel
    FOR UPDATE OF h
)
UPDATE channels AS h
SET missing_at = now.at, due_at = least(h.due_at, now.at), debt = h.debt + 1
FROM missing AS m, (SELECT lockstep_now() AS at) AS now
WHERE h.slot = m.slot AND h.subject_id = m.subject_id AND h.channel = m.channel
RETURNING h.slot
