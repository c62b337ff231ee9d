-- Finds, among the next phones by id, those of an audience that can be sent a card now: Live Activities are switched on,
-- and there is a start token that APNs has not refused. Phones that come to that later are flagged by what brings it.
-- In the place of `true` stands the audience's filter, whose parameters are numbered from $5 on.
-- $1 text    attributes type of the card
-- $2 text    after this phone
-- $3 bigint  look through so many phones
-- $4 bigint  give so many
-- Returns: last text, device_ids text[], customer_ids text[], apps text[], environments text[]
WITH looked AS MATERIALIZED (
    SELECT d.device_id, d.customer_id, d.app, d.environment, d.ios_version, d.locale, d.tags, d.activities_enabled
    FROM devices AS d
    WHERE d.device_id > $2 AND d.forgotten_at IS NULL
    ORDER BY d.device_id
    LIMIT $3
), members AS MATERIALIZED (
    SELECT d.device_id, d.customer_id, d.app, d.environment
    FROM looked AS d
    LEFT JOIN customer_tags AS t ON t.customer_id = d.customer_id
    WHERE d.activities_enabled
      AND EXISTS (
          SELECT FROM start_tokens AS s
          JOIN push_tokens AS p ON p.app = d.app AND p.environment = d.environment AND p.token_hash = s.token_hash
                               AND p.device_id = s.device_id AND p.refused_at IS NULL
          WHERE s.device_id = d.device_id AND s.attributes_type = $1)
      AND true /* the filter */
    ORDER BY d.device_id
    LIMIT $4
)
SELECT CASE WHEN count(*) = $4 THEN max(m.device_id) ELSE (SELECT max(l.device_id) FROM looked AS l) END AS last,
       array_agg(m.device_id ORDER BY m.device_id) AS device_ids,
       array_agg(m.customer_id ORDER BY m.device_id) AS customer_ids,
       array_agg(m.app ORDER BY m.device_id) AS apps,
       array_agg(m.environment ORDER BY m.device_id) AS environments
FROM members AS m
