-- Moves the place from which keys are sought on; one that is further already stays there.
-- $1 text[]    keys
-- $2 text[]    their hashes
-- $3 smallint  slot of the last subject that was looked at; NULL: all were
-- $4 text      that subject
UPDATE assets AS a
SET seek_slot = CASE WHEN (a.seek_slot, a.seek_after) < ($3, $4) THEN $3 WHEN $3 IS NOT NULL THEN a.seek_slot END,
    seek_after = CASE WHEN (a.seek_slot, a.seek_after) < ($3, $4) THEN $4 WHEN $3 IS NOT NULL THEN a.seek_after END,
    sought_until = NULL
FROM unnest($1::text[], $2::text[]) AS t(key, sha256)
WHERE a.key = t.key AND a.sha256 = t.sha256 AND a.seek_slot IS NOT NULL
