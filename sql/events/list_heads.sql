-- Lists a slot's subjects by their ids, whether they are settled or not.
-- $1 smallint  slot
-- $2 text      after this id
-- $3 bigint    at the most so many
-- Returns: subject_id text
SELECT subject_id
FROM heads
WHERE slot = $1 AND subject_id > $2
ORDER BY subject_id
LIMIT $3
