-- Counts, among the next phones by id, those that a segment takes, and those of them that can be sent a card now.
-- In the place of `true` stands the segment's filter, whose parameters are numbered from $4 on.
-- $1 text    attributes type of the card
-- $2 text    after this phone
-- $3 bigint  look through so many phones
-- Returns: last text, phones bigint, reachable bigint
WITH looked AS MATERIALIZED (
    SELECT d.device_id, d.customer_id, d.app, d.environment, d.ios_version, d.locale, d.tags, d.activities_enabled
    FROM devices AS d
    WHERE d.device_id > $2 AND d.forgotten_at IS NULL
    ORDER BY d.device_id
    LIMIT $3
)
SELECT (SELECT max(device_id) FROM looked) AS last,
       count(*) AS phones,
       count(*) FILTER (
           WHERE d.activities_enabled AND EXISTS (
               SELECT FROM start_tokens AS s
               JOIN push_tokens AS p ON p.app = d.app AND p.environment = d.environment AND p.token_hash = s.token_hash
                                    AND p.device_id = s.device_id AND p.refused_at IS NULL
               WHERE s.device_id = d.device_id AND s.attributes_type = $1)) AS reachable
FROM looked AS d
LEFT JOIN customer_tags AS t ON t.customer_id = d.customer_id
WHERE true /* the filter */
