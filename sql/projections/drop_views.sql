-- Removes views of a generation that is not live.
-- $1 smallint  slot
-- $2 smallint  generation
-- $3 text[]    subject ids
DELETE FROM views AS v
WHERE v.slot = $1 AND v.generation = $2 AND v.subject_id = ANY ($3::text[])
