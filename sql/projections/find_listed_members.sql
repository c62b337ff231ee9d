-- Finds the next phones, by id, of listed customers that can be sent a card now, as `find_members` does.
-- $1 text    attributes type of the card
-- $2 text    after this phone
-- $3 text[]  customer ids
-- $4 bigint  give so many
-- Returns: last text, device_ids text[], customer_ids text[], apps text[], environments text[]
WITH members AS MATERIALIZED (
    SELECT d.device_id, d.customer_id, d.app, d.environment
    FROM devices AS d
    WHERE d.customer_id = ANY ($3::text[]) AND d.device_id > $2 AND d.forgotten_at IS NULL AND d.activities_enabled
      AND EXISTS (
          SELECT FROM start_tokens AS s
          JOIN push_tokens AS p ON p.app = d.app AND p.environment = d.environment AND p.token_hash = s.token_hash
                               AND p.device_id = s.device_id AND p.refused_at IS NULL
          WHERE s.device_id = d.device_id AND s.attributes_type = $1)
    ORDER BY d.device_id
    LIMIT $4
)
SELECT CASE WHEN count(*) = $4 THEN max(m.device_id) END AS last,
       array_agg(m.device_id ORDER BY m.device_id) AS device_ids,
       array_agg(m.customer_id ORDER BY m.device_id) AS customer_ids,
       array_agg(m.app ORDER BY m.device_id) AS apps,
       array_agg(m.environment ORDER BY m.device_id) AS environments
FROM members AS m
