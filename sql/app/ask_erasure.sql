-- Notes that a customer is to be erased, with all that was recorded until now.
-- $1 text  customer id
-- Returns: customer_id text, asked_at timestamptz
INSERT INTO erasures AS e (customer_id, asked_at)
VALUES ($1, lockstep_now())
ON CONFLICT (customer_id) DO UPDATE SET asked_at = greatest(e.asked_at, excluded.asked_at), done_at = NULL
RETURNING customer_id, asked_at
