-- Holds an audience until the transaction ends, if it stands where it was read and nobody has stopped it.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 text      the phone that was looked at last
-- $4 uuid      revision of the segment that is looked through; NULL: of none
-- Returns: held boolean
SELECT true AS held
FROM audiences AS a
WHERE a.slot = $1 AND a.subject_id = $2 AND a.after = $3 AND a.revision IS NOT DISTINCT FROM $4
  AND a.done_at IS NULL AND a.stopped_at IS NULL
FOR UPDATE
