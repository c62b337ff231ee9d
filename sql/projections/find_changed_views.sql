-- Finds subjects whose views of the same version differ between two generations.
-- $1 smallint  slot
-- $2 smallint  one generation
-- $3 smallint  the other
-- $4 text      after this subject
-- $5 bigint    at the most so many
-- Returns: subject_id text, one_state json, one_sealed bytea, other_state json, other_sealed bytea, wrapped bytea
SELECT o.subject_id, o.state AS one_state, o.sealed AS one_sealed, n.state AS other_state, n.sealed AS other_sealed,
       k.wrapped
FROM views AS o
CROSS JOIN LATERAL (
    SELECT v.version, v.fingerprint, v.state, v.sealed
    FROM views AS v
    WHERE v.slot = $1 AND v.generation = $3 AND v.subject_id = o.subject_id
    LIMIT 1 -- found by all of the key, whatever is known of a new generation
) AS n
LEFT JOIN subject_keys AS k ON k.slot = $1 AND k.subject_id = o.subject_id
WHERE o.slot = $1 AND o.generation = $2 AND o.subject_id > $4
  AND n.version = o.version AND n.fingerprint <> o.fingerprint
ORDER BY o.subject_id
LIMIT $5
