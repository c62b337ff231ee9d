-- Finds, among some phones, those of an audience that can be sent a card now, as `find_members` does.
-- In the place of `true` stands the audience's filter, whose parameters are numbered from $3 on.
-- $1 text    attributes type of the card
-- $2 text[]  device ids
-- Returns: device_id text
SELECT d.device_id
FROM devices AS d
LEFT JOIN customer_tags AS t ON t.customer_id = d.customer_id
WHERE d.device_id = ANY ($2::text[]) AND d.forgotten_at IS NULL AND d.activities_enabled
  AND EXISTS (
      SELECT FROM start_tokens AS s
      JOIN push_tokens AS p ON p.app = d.app AND p.environment = d.environment AND p.token_hash = s.token_hash
                           AND p.device_id = s.device_id AND p.refused_at IS NULL
      WHERE s.device_id = d.device_id AND s.attributes_type = $1)
  AND true /* the filter */
