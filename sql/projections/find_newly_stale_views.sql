-- Finds the same as find_stale_views among what may have changed since that found nothing: subjects whose heads are not
-- settled, since none of them is while its slot has a rebuild, and those with very many cards. So it costs what goes on
-- in the slot, and not what is in it.
-- $1 smallint  slot
-- $2 smallint  live generation
-- $3 smallint  next generation
-- $4 text      after this subject
-- $5 bigint    at the most so many
-- Returns: subject_id text, version bigint, live_version bigint, live_fingerprint bytea,
--          folded_at timestamptz, match_due_at timestamptz, match_count bigint, crowd boolean, wrapped bytea
WITH recent AS MATERIALIZED (
    SELECT h.subject_id
    FROM heads AS h
    WHERE h.slot = $1 AND h.settled_at IS NULL AND h.subject_id > $4
    UNION
    SELECT v.subject_id
    FROM views AS v
    WHERE v.slot = $1 AND v.generation IN ($2, $3) AND v.crowd AND v.subject_id > $4
)
SELECT r.subject_id,
       greatest(least(l.version, h.version), n.version) AS version,
       l.version AS live_version, l.fingerprint AS live_fingerprint, l.folded_at,
       l.match_due_at, l.match_count, l.crowd, k.wrapped
FROM recent AS r
LEFT JOIN LATERAL (
    SELECT v.version, v.fingerprint, v.folded_at, v.match_due_at, v.match_count, v.crowd
    FROM views AS v
    WHERE v.slot = $1 AND v.generation = $2 AND v.subject_id = r.subject_id
    LIMIT 1 -- found by all of the key, whatever is known of a new generation
) AS l ON true
LEFT JOIN LATERAL (
    SELECT v.version, v.crowd, v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL AS aside
    FROM views AS v
    WHERE v.slot = $1 AND v.generation = $3 AND v.subject_id = r.subject_id
    LIMIT 1
) AS n ON true
LEFT JOIN heads AS h ON h.slot = $1 AND h.subject_id = r.subject_id
LEFT JOIN subject_keys AS k ON k.slot = $1 AND k.subject_id = r.subject_id
WHERE l.version IS NULL AND n.version IS NOT NULL
   OR n.crowd <> l.crowd
   OR h.version IS NOT NULL AND least(l.version, h.version) > coalesce(n.version, 0) AND n.aside IS NOT TRUE
ORDER BY r.subject_id
LIMIT $5
