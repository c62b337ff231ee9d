-- Counts the phones of a subject by what became of the start on each, and why.
-- $1 smallint  slot
-- $2 text      subject id
-- Returns: outcome text, reason text, phones bigint
SELECT p.outcome, p.reason, count(*) AS phones
FROM started_phones AS p
WHERE p.slot = $1 AND p.subject_id = $2
GROUP BY p.outcome, p.reason
ORDER BY phones DESC, p.outcome, p.reason
