-- Lists phones of a subject, by id, with what became of the start on each.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 text      with this outcome; NULL: any
-- $4 text      after this phone
-- $5 bigint    at the most so many
-- Returns: device_id text, customer_id text, card_id uuid, outcome text, reason text, why text, outcome_at timestamptz
SELECT p.device_id, p.customer_id, p.card_id, p.outcome, p.reason, p.why, p.outcome_at
FROM started_phones AS p
WHERE p.slot = $1 AND p.subject_id = $2 AND ($3::text IS NULL OR p.outcome = $3) AND p.device_id > $4
ORDER BY p.device_id
LIMIT $5
