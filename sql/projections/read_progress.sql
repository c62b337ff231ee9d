-- Reads how far a subject has come: its head, its live view, and what waits for it; one row, if the subject is known.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: version bigint, archived_at timestamptz, archived_to text, slot_fold_version integer, view_version bigint,
--          folded_at timestamptz, quarantined_at timestamptz, held_for text, error bytea, match_due_at timestamptz,
--          spreading_since timestamptz, now timestamptz
SELECT h.version, h.archived_at, h.archived_to, s.fold_version AS slot_fold_version, coalesce(v.version, 0) AS view_version,
       v.folded_at, v.quarantined_at, v.held_for, v.error, v.match_due_at, f.raised_at AS spreading_since,
       lockstep_now() AS now
FROM heads AS h
JOIN slots AS s ON s.slot = h.slot
LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
LEFT JOIN fan_outs AS f ON f.slot = h.slot AND f.subject_id = h.subject_id
WHERE h.slot = $1 AND h.subject_id = $2
