-- Finds subjects whose view in the next generation is not as new as their live view, in the order of the ids, and those
-- that have no live view any more. One that was set aside in the next generation is left alone: its fold cannot go on.
-- The two are joined in full because that is never done by a loop in a loop, whatever is known of a new generation.
-- $1 smallint  slot
-- $2 smallint  live generation
-- $3 smallint  next generation
-- $4 text      after this subject
-- $5 bigint    at the most so many
-- Returns: subject_id text, version bigint, live_version bigint, live_fingerprint bytea,
--          folded_at timestamptz, match_due_at timestamptz, match_count bigint, crowd boolean, wrapped bytea
SELECT o.subject_id,
       -- as far as the log goes; a generation that was live before may be ahead of one whose folds failed
       greatest(least(o.live_version, h.version), o.version) AS version,
       o.live_version, o.live_fingerprint, o.folded_at,
       o.match_due_at, o.match_count, o.crowd, k.wrapped
FROM (
    SELECT subject_id, n.version, n.aside, n.crowd <> l.crowd AS crowded, l.version AS live_version,
           l.fingerprint AS live_fingerprint, l.folded_at, l.match_due_at, l.match_count, l.crowd
    FROM (
        SELECT v.subject_id, v.version, v.fingerprint, v.folded_at, v.match_due_at, v.match_count, v.crowd
        FROM views AS v
        WHERE v.slot = $1 AND v.generation = $2 AND v.subject_id > $4
    ) AS l
    FULL JOIN (
        SELECT v.subject_id, v.version, v.crowd, v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL AS aside
        FROM views AS v
        WHERE v.slot = $1 AND v.generation = $3 AND v.subject_id > $4
    ) AS n USING (subject_id)
    WHERE l.version IS NULL OR n.version IS NULL OR n.version < l.version OR n.crowd <> l.crowd
) AS o
LEFT JOIN heads AS h ON h.slot = $1 AND h.subject_id = o.subject_id
LEFT JOIN subject_keys AS k ON k.slot = $1 AND k.subject_id = o.subject_id
WHERE o.live_version IS NULL
   OR o.crowded
   OR h.version IS NOT NULL AND least(o.live_version, h.version) > coalesce(o.version, 0) AND o.aside IS NOT TRUE
ORDER BY o.subject_id
LIMIT $5
