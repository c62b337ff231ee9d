-- Writes a live view that was folded again, if it has the version still that it was read at, and takes its subject out
-- of quarantine; puts no card in debt.
--  $1 smallint  slot
--  $2 text      subject id
--  $3 integer   fold version that the slot must have
--  $4 bigint    version read
--  $5 bigint    version folded to
--  $6 json      state
--  $7 bytea     sealed state
--  $8 bytea     fingerprint
--  $9 text      customer id
-- $10 text      status
-- $11 boolean   over
-- Returns: written boolean
WITH written AS (
    UPDATE views AS v
    SET version = $5, state = $6, sealed = $7, fingerprint = $8, customer_id = $9, status = $10, over = $11,
        quarantined_at = NULL, error = NULL, held_for = NULL, held_by_fold = NULL
    FROM slots AS s
    WHERE v.slot = $1 AND s.slot = $1 AND v.generation = s.generation AND v.subject_id = $2
      AND s.fold_version = $3 AND v.version = $4
    RETURNING v.slot
), woken AS (
    UPDATE heads AS h
    SET settled_at = NULL
    WHERE h.slot = $1 AND h.subject_id = $2 AND EXISTS (SELECT FROM written)
)
SELECT EXISTS (SELECT FROM written) AS written
