-- Names those of some subjects to which anything has happened.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: subject_id text
SELECT h.subject_id
FROM unnest($1::smallint[], $2::text[]) AS n(slot, subject_id)
JOIN heads AS h ON h.slot = n.slot AND h.subject_id = n.subject_id
