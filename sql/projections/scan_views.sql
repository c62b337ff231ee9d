-- Reads the next live views of a slot, to be written into a generation that has none of them yet.
-- $1 smallint  slot
-- $2 smallint  live generation
-- $3 text      after this subject
-- $4 bigint    at the most so many
-- Returns: subject_id text, version bigint, live_version bigint, live_fingerprint bytea,
--          folded_at timestamptz, match_due_at timestamptz, match_count bigint, crowd boolean, wrapped bytea
SELECT l.subject_id, least(l.version, h.version) AS version, l.version AS live_version,
       l.fingerprint AS live_fingerprint, l.folded_at, l.match_due_at,
       l.match_count, l.crowd, k.wrapped
FROM views AS l
JOIN heads AS h ON h.slot = $1 AND h.subject_id = l.subject_id
LEFT JOIN subject_keys AS k ON k.slot = $1 AND k.subject_id = l.subject_id
WHERE l.slot = $1 AND l.generation = $2 AND l.subject_id > $3 AND l.version > 0
ORDER BY l.subject_id
LIMIT $4
