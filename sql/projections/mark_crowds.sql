-- Marks the live views of subjects that have more cards than a fold is to put in debt by itself.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 bigint      cards that are no crowd yet
WITH crowds AS MATERIALIZED (
    SELECT v.slot, v.generation, v.subject_id
    FROM unnest($1::smallint[], $2::text[]) AS grown(slot, subject_id)
    JOIN slots AS s ON s.slot = grown.slot
    JOIN views AS v ON v.slot = grown.slot AND v.generation = s.generation AND v.subject_id = grown.subject_id
    WHERE NOT v.crowd
      AND EXISTS (
          SELECT FROM cards AS c
          WHERE c.slot = grown.slot AND c.subject_id = grown.subject_id AND c.phase <> 'over'
          OFFSET $3)
    ORDER BY v.slot, v.generation, v.subject_id
    FOR UPDATE OF v
)
UPDATE views AS v
SET crowd = true
FROM crowds AS w
WHERE v.slot = w.slot AND v.generation = w.generation AND v.subject_id = w.subject_id
