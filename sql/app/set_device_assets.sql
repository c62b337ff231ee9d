-- Replaces what is known of the pictures on a phone by what its app says.
-- $1 text    device id
-- $2 text[]  keys
-- $3 text[]  hashes
-- $4 text[]  why each could not be fetched; NULL: the phone has it
WITH said AS MATERIALIZED (
    SELECT s.key, s.sha256, s.problem
    FROM unnest($2::text[], $3::text[], $4::text[]) AS s(key, sha256, problem)
), gone AS (
    DELETE FROM device_assets AS d
    WHERE d.device_id = $1
      AND NOT EXISTS (SELECT FROM said AS s WHERE s.key = d.key AND s.sha256 = d.sha256)
)
INSERT INTO device_assets AS d (device_id, key, sha256, problem)
SELECT $1, s.key, s.sha256, s.problem
FROM said AS s
ON CONFLICT (device_id, key, sha256) DO UPDATE SET problem = excluded.problem, dropping = false
