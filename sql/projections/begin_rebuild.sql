-- Begins a rebuild of every slot, unless one is under way; the caller holds the table's lock.
-- $1 integer  fold version
INSERT INTO rebuilds (slot, generation, fold_version, back)
SELECT s.slot, g.newest + 1, $1, false
FROM slots AS s, (
    SELECT max(greatest(p.generation, p.previous_generation, (SELECT max(v.generation)
                                                              FROM views AS v
                                                              WHERE v.slot = p.slot))) AS newest
    FROM slots AS p
    WHERE p.slot BETWEEN 0 AND 255
) AS g
WHERE s.slot BETWEEN 0 AND 255 AND NOT EXISTS (SELECT FROM rebuilds AS r WHERE r.slot BETWEEN 0 AND 255)
