-- Reads a page of a slot's subjects: what the log, the live view and the data key say of each, in the order of the ids.
-- A view that the log knows nothing of is there too, with no head version.
-- $1 smallint  slot
-- $2 text      from this id
-- $3 text      to this id
-- $4 bigint    at the most so many
-- Returns: subject_id text, head_version bigint, archived boolean, view_version bigint, state json, sealed bytea,
--          fingerprint bytea, customer_id text, status text, over boolean, quarantined boolean, held boolean,
--          wrapped bytea
SELECT subject_id, h.version AS head_version, h.archived_at IS NOT NULL AS archived, v.version AS view_version,
       v.state, v.sealed, v.fingerprint, v.customer_id, v.status, v.over,
       v.quarantined_at IS NOT NULL AS quarantined, v.held_by_fold IS NOT NULL AS held, k.wrapped
FROM (
    SELECT n.subject_id, n.version, n.archived_at
    FROM heads AS n
    WHERE n.slot = $1 AND n.subject_id BETWEEN $2 AND $3
    ORDER BY n.subject_id
    LIMIT $4
) AS h
FULL JOIN (
    SELECT n.subject_id, n.version, n.state, n.sealed, n.fingerprint, n.customer_id, n.status, n.over,
           n.quarantined_at, n.held_by_fold
    FROM views AS n
    JOIN slots AS s ON s.slot = n.slot AND s.generation = n.generation
    WHERE n.slot = $1 AND n.subject_id BETWEEN $2 AND $3
    ORDER BY n.subject_id
    LIMIT $4
) AS v USING (subject_id)
LEFT JOIN (SELECT n.subject_id, n.wrapped FROM subject_keys AS n WHERE n.slot = $1) AS k USING (subject_id)
ORDER BY subject_id
LIMIT $4
