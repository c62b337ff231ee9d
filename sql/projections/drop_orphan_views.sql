-- Removes views of the next generation whose subject has no live view any more.
-- $1 smallint  slot
-- $2 smallint  live generation
-- $3 smallint  next generation
DELETE FROM views AS n
WHERE n.slot = $1 AND n.generation = $3
  AND NOT EXISTS (SELECT FROM views AS l WHERE l.slot = $1 AND l.generation = $2 AND l.subject_id = n.subject_id)
