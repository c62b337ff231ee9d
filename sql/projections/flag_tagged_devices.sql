-- Flags the phones of customers whose tags have changed, and lowers the customers' flags unless they were raised again.
-- $1 bigint  customers at the most
-- Returns: customers bigint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), tagged AS MATERIALIZED (
    SELECT t.customer_id, t.match_count
    FROM now, customer_tags AS t
    WHERE t.match_due_at <= now.at
    ORDER BY t.match_due_at
    LIMIT $1
), theirs AS MATERIALIZED (
    SELECT d.device_id
    FROM tagged AS c
    JOIN devices AS d ON d.customer_id = c.customer_id
    WHERE d.forgotten_at IS NULL
    ORDER BY d.device_id
    FOR UPDATE OF d
), flagged AS (
    UPDATE devices AS d
    SET match_due_at = least(d.match_due_at, now.at), match_count = d.match_count + 1
    FROM theirs AS o, now
    WHERE d.device_id = o.device_id
), lowered AS (
    UPDATE customer_tags AS t
    SET match_due_at = NULL
    FROM tagged AS c
    WHERE t.customer_id = c.customer_id AND t.match_count = c.match_count
)
SELECT count(*) AS customers
FROM tagged
