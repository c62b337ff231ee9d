-- Reads each slot: which generation is live, which was before, and which it goes to.
-- Returns: slot smallint, generation smallint, fold_version integer, previous_generation smallint,
--          previous_fold_version integer, next_generation smallint, next_fold_version integer, back boolean,
--          push_changes boolean, moved boolean
SELECT s.slot, s.generation, s.fold_version, s.previous_generation, s.previous_fold_version,
       r.generation AS next_generation, r.fold_version AS next_fold_version, r.back, r.push_changes,
       r.moved_at IS NOT NULL AS moved
FROM slots AS s
LEFT JOIN rebuilds AS r ON r.slot = s.slot
WHERE s.slot BETWEEN 0 AND 255
ORDER BY s.slot
