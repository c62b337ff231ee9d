-- Takes live views over into the next generation as they are: those of archived subjects, whose events have left.
-- $1 smallint  slot
-- $2 smallint  live generation
-- $3 smallint  next generation
-- $4 text[]    subject ids
INSERT INTO views (slot, generation, subject_id, version, prev_version, state, sealed, fingerprint, folded_at,
                   customer_id, status, over, match_due_at, match_count, crowd)
SELECT v.slot, $3, v.subject_id, v.version, v.prev_version, v.state, v.sealed, v.fingerprint, v.folded_at,
       v.customer_id, v.status, v.over, v.match_due_at, v.match_count, v.crowd
FROM views AS v
WHERE v.slot = $1 AND v.generation = $2 AND v.subject_id = ANY ($4::text[])
ORDER BY v.subject_id
