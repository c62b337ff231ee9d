-- Removes views of a slot's next generation whose subject has no live view any more.
-- $1 smallint  slot
DELETE FROM views AS n
USING slots AS s, rebuilds AS r
WHERE s.slot = $1 AND r.slot = $1 AND r.moved_at IS NULL AND n.slot = $1 AND n.generation = r.generation
  AND NOT EXISTS (SELECT FROM views AS l
                  WHERE l.slot = $1 AND l.generation = s.generation AND l.subject_id = n.subject_id)
