-- Finds those among customers who have open orders that one card shows.
-- $1 smallint[]  slot
-- $2 text[]      subject id of the customer's cards
-- Returns: slot smallint, subject_id text, customer_id text, begun_at timestamptz, joined_at timestamptz
SELECT v.slot, v.subject_id, v.customer_id, v.begun_at, v.joined_at
FROM unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN customer_views AS v ON v.slot = wanted.slot AND v.subject_id = wanted.subject_id
WHERE NOT v.over
