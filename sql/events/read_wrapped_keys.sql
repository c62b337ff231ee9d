-- Reads the wrapped data keys of subjects; one that never had a key has no row.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: subject_id text, wrapped bytea, erased boolean
SELECT k.subject_id, k.wrapped, k.erased_at IS NOT NULL AS erased
FROM unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN subject_keys AS k ON k.slot = wanted.slot AND k.subject_id = wanted.subject_id
