-- Has somebody look again who should see the subjects: a matcher that knows their kinds.
-- $1 smallint[]  slot
-- $2 text[]      subject id
UPDATE views AS v
SET match_due_at = lockstep_now(), match_count = v.match_count + 1
FROM unnest($1::smallint[], $2::text[]) AS f(slot, subject_id)
JOIN slots AS s ON s.slot = f.slot
WHERE v.slot = f.slot AND v.generation = s.generation AND v.subject_id = f.subject_id
