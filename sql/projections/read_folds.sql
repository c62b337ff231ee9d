-- Reads which fold version made the live views of each slot that has any.
-- Returns: slot smallint, fold_version integer
SELECT s.slot, s.fold_version
FROM slots AS s
WHERE EXISTS (SELECT FROM heads AS h WHERE h.slot = s.slot)
ORDER BY s.slot
