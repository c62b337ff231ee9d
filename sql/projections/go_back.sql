-- Sends slots back to the generation before.
-- $1 smallint[]  slots
-- $2 integer     fold version, which made it
INSERT INTO rebuilds AS r (slot, generation, fold_version, back)
SELECT s.slot, s.previous_generation, $2, true
FROM slots AS s
WHERE s.slot = ANY ($1::smallint[]) AND s.previous_generation IS NOT NULL
ON CONFLICT (slot) DO UPDATE
    SET generation = excluded.generation,
        fold_version = excluded.fold_version,
        back = true,
        built_to = '',
        push_changes = false,
        moved_at = NULL
