-- Finds subjects whose view in the next generation is not as new as their live view, in the order of the ids. One that
-- was set aside in the next generation is left alone, for its fold cannot go on.
-- $1 smallint  slot
-- $2 smallint  live generation
-- $3 smallint  next generation
-- $4 text      after this subject
-- $5 bigint    at the most so many
-- Returns: subject_id text, version bigint, live_version bigint, live_fingerprint bytea, archived boolean,
--          written boolean, folded_at timestamptz, match_due_at timestamptz, match_count bigint, crowd boolean,
--          wrapped bytea
SELECT l.subject_id,
       -- as far as the log goes; a generation that was live before may be ahead of one whose folds failed
       greatest(least(l.version, h.version), n.version) AS version,
       l.version AS live_version, l.fingerprint AS live_fingerprint, h.archived_at IS NOT NULL AS archived,
       n.subject_id IS NOT NULL AS written, l.folded_at, l.match_due_at, l.match_count, l.crowd, k.wrapped
FROM views AS l
LEFT JOIN views AS n ON n.slot = $1 AND n.generation = $3 AND n.subject_id = l.subject_id
LEFT JOIN heads AS h ON h.slot = $1 AND h.subject_id = l.subject_id
LEFT JOIN subject_keys AS k ON k.slot = $1 AND k.subject_id = l.subject_id
WHERE l.slot = $1 AND l.generation = $2 AND l.subject_id > $4
  AND (n.subject_id IS NULL AND least(l.version, h.version) > 0 AND h.version IS NOT NULL
       OR n.version < least(l.version, h.version) AND n.quarantined_at IS NULL AND n.held_by_fold IS NULL
       OR n.crowd <> l.crowd)
ORDER BY l.subject_id
LIMIT $5
