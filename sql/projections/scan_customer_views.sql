-- Reads a page of the views of customers, in the order of their keys.
-- $1 smallint  after this slot
-- $2 text      and this subject in it
-- $3 bigint    at the most so many
-- Returns: slot smallint, subject_id text, customer_id text, version bigint, fingerprint bytea, now timestamptz
SELECT v.slot, v.subject_id, v.customer_id, v.version, v.fingerprint, now.at AS now
FROM (SELECT lockstep_now() AS at) AS now, customer_views AS v
WHERE (v.slot, v.subject_id) > ($1, $2) AND v.fingerprint IS NOT NULL
ORDER BY v.slot, v.subject_id
LIMIT $3
