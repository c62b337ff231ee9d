-- Reads what has to be known of a subject to tell of its past; one row, if the subject is known.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: version bigint, wrapped bytea, erased boolean, archived_at timestamptz, archived_to text,
--          now timestamptz
SELECT h.version, k.wrapped, k.erased_at IS NOT NULL AS erased, h.archived_at, h.archived_to,
       lockstep_now() AS now
FROM heads AS h
LEFT JOIN subject_keys AS k ON k.slot = h.slot AND k.subject_id = h.subject_id
WHERE h.slot = $1 AND h.subject_id = $2
