-- Reads the live views of subjects, with their wrapped data keys; a subject without a view has no row.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: slot smallint, subject_id text, generation smallint, version bigint, state json, sealed bytea,
--          fingerprint bytea, folded_at timestamptz, wrapped bytea
SELECT v.slot, v.subject_id, v.generation, v.version, v.state, v.sealed, v.fingerprint, v.folded_at,
       k.wrapped
FROM unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN slots AS s ON s.slot = wanted.slot
JOIN views AS v ON v.slot = wanted.slot AND v.generation = s.generation AND v.subject_id = wanted.subject_id
LEFT JOIN subject_keys AS k ON k.slot = wanted.slot AND k.subject_id = wanted.subject_id
