-- Lists the orders that were erased.
-- $1 timestamptz  erased at this time or later
-- $2 smallint[]   slots
-- Returns: subject_id text, erased_at timestamptz
SELECT k.subject_id, k.erased_at
FROM subject_keys AS k
WHERE k.erased_at >= $1 AND k.slot = ANY ($2::smallint[])
ORDER BY k.erased_at, k.subject_id
