-- Numbers the events of subjects that have no number yet, in the order of their versions. Run it in the transaction
-- that has claimed the slots, in a statement that begins after it did.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: slot smallint, numbered bigint
WITH ahead AS MATERIALIZED (
    SELECT h.slot, h.subject_id, h.version, h.last_recorded_at, coalesce(f.version, 0) AS numbered
    FROM unnest($1::smallint[], $2::text[]) AS asked(slot, subject_id)
    JOIN heads AS h ON h.slot = asked.slot AND h.subject_id = asked.subject_id
    LEFT JOIN LATERAL (
        SELECT n.version
        FROM feed AS n
        WHERE n.slot = h.slot AND n.subject_id = h.subject_id
        ORDER BY n.version DESC
        LIMIT 1
    ) AS f ON true
    WHERE h.archived_at IS NULL AND h.version > coalesce(f.version, 0)
), fresh AS (
    SELECT a.slot, a.subject_id, v.version,
           row_number() OVER (PARTITION BY a.slot ORDER BY a.last_recorded_at, a.subject_id, v.version) AS place
    FROM ahead AS a
    CROSS JOIN LATERAL generate_series(a.numbered + 1, a.version) AS v(version)
), inserted AS (
    INSERT INTO feed (slot, position, subject_id, version)
    SELECT f.slot, s.position + f.place, f.subject_id, f.version
    FROM fresh AS f
    JOIN feed_slots AS s ON s.slot = f.slot
    RETURNING slot
), counted AS (
    SELECT slot, count(*) AS numbered
    FROM inserted
    GROUP BY slot
)
UPDATE feed_slots AS s
SET position = s.position + c.numbered
FROM counted AS c
WHERE s.slot = c.slot
RETURNING s.slot, c.numbered
