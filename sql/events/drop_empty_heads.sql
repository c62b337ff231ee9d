-- Takes back the heads that a refused batch made.
-- $1 smallint[]  slot
-- $2 text[]      subject id
DELETE FROM heads AS h
USING unnest($1::smallint[], $2::text[]) AS refused(slot, subject_id)
WHERE h.slot = refused.slot AND h.subject_id = refused.subject_id AND h.version = 0
