-- Stores a customer's tags in place of those before, and flags the customer: the phones are looked for in a statement that
-- begins when that has committed, so that one which signs in meanwhile is not missed.
-- $1 text    customer id
-- $2 text[]  tags
INSERT INTO customer_tags AS t (customer_id, tags, changed_at, match_due_at, match_count)
SELECT $1, $2, now.at, now.at, 1
FROM (SELECT lockstep_now() AS at) AS now
ON CONFLICT (customer_id) DO UPDATE
    SET tags = excluded.tags,
        changed_at = excluded.changed_at,
        match_due_at = excluded.match_due_at,
        match_count = t.match_count + 1
