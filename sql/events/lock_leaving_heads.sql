-- Locks heads whose subjects are to be archived, so that nobody appends to them, and opens the log's door for this
-- transaction; one that somebody appends to at this moment is passed over.
-- $1 smallint  slot
-- $2 text[]    subject ids
-- Returns: subject_id text, door text
SELECT subject_id, set_config('lockstep.archiving', 'on', true) AS door
FROM heads
WHERE slot = $1 AND subject_id = ANY ($2::text[])
ORDER BY subject_id
FOR UPDATE SKIP LOCKED
