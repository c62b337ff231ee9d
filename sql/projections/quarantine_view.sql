-- Sets a subject aside because its fold failed: $6 is the error; or holds it for a worker that reads more: $7 is what it waits for.
-- $1 smallint  slot
-- $2 smallint  generation
-- $3 text      subject id
-- $4 json      the empty state, for a subject without a view
-- $5 bytea     the empty state's fingerprint
-- $6 bytea     the error; NULL: not quarantined
-- $7 text      the type of the event that could not be read, with its version; NULL: not held
INSERT INTO views AS v (slot, generation, subject_id, version, prev_version, state, fingerprint, folded_at,
                        quarantined_at, error, held_for, held_by_fold)
SELECT $1, $2, $3, 0, 0, $4, $5, now.at, CASE WHEN $6::bytea IS NULL THEN NULL ELSE now.at END, $6, $7,
       CASE WHEN $7::text IS NOT NULL THEN 2147483647 END
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (slot, generation, subject_id) DO UPDATE
    SET quarantined_at = coalesce(v.quarantined_at, excluded.quarantined_at),
        error = coalesce(excluded.error, v.error),
        held_for = coalesce(excluded.held_for, v.held_for),
        held_by_fold = coalesce(excluded.held_by_fold, v.held_by_fold)
