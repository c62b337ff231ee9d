-- Empties a subject's data key for good: what it sealed can never be opened again.
-- $1 smallint  slot
-- $2 text      subject id
INSERT INTO subject_keys AS k (slot, subject_id, wrapped, erased_at)
VALUES ($1, $2, NULL, lockstep_now())
ON CONFLICT (slot, subject_id) DO UPDATE SET wrapped = NULL, erased_at = coalesce(k.erased_at, excluded.erased_at)
