-- Locks the heads of a batch, making those that are missing at version 0 (for this transaction alone).
-- $1 smallint[]  slot
-- $2 text[]      subject id, in key order
-- Returns: subject_id text, version bigint, last_recorded_at timestamptz, archived boolean, now timestamptz
INSERT INTO heads AS h (slot, subject_id, version, last_recorded_at)
SELECT slot, subject_id, 0, now.at
FROM (SELECT lockstep_now() AS at) AS now, unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
ON CONFLICT (slot, subject_id) DO UPDATE SET slot = h.slot
RETURNING subject_id, version, last_recorded_at, archived_at IS NOT NULL AS archived, lockstep_now() AS now
