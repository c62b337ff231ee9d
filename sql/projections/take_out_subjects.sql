-- Removes what hangs on subjects that are in a file by now, and notes where they went: those that are still finished,
-- at the version and with the last event of the file. Run it once the slot and the heads are locked, in a statement that
-- begins after that.
-- $1 smallint       slot
-- $2 text[]         subject ids
-- $3 bigint[]       the version that the file has of each
-- $4 timestamptz[]  when its last event was recorded
-- $5 text           the name of the file
-- Returns: subject_id text
WITH RECURSIVE leaving AS MATERIALIZED (
    SELECT f.subject_id, e.recorded_at, v.customer_id
    FROM unnest($2::text[], $3::bigint[], $4::timestamptz[]) AS filed(subject_id, version, recorded_at)
    JOIN finished AS f ON f.slot = $1 AND f.subject_id = filed.subject_id AND f.version = filed.version
    JOIN events AS e ON e.slot = $1 AND e.subject_id = f.subject_id AND e.version = f.version
                    AND e.recorded_at = filed.recorded_at
    JOIN slots AS s ON s.slot = $1
    JOIN views AS v ON v.slot = $1 AND v.generation = s.generation AND v.subject_id = f.subject_id
), present AS (
    SELECT (SELECT min(v.generation) FROM views AS v WHERE v.slot = $1) AS generation
    UNION ALL
    SELECT (SELECT min(v.generation) FROM views AS v WHERE v.slot = $1 AND v.generation > p.generation)
    FROM present AS p
    WHERE p.generation IS NOT NULL
), events_gone AS (
    DELETE FROM events AS e
    WHERE e.slot = $1 AND e.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), views_gone AS (
    DELETE FROM views AS v
    USING present AS p
    WHERE v.slot = $1 AND v.generation = p.generation
      AND v.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), list_gone AS (
    DELETE FROM order_list AS o
    WHERE o.slot = $1 AND o.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), cards_gone AS (
    DELETE FROM cards AS c
    WHERE c.slot = $1 AND c.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), channels_gone AS (
    DELETE FROM channels AS h
    WHERE h.slot = $1 AND h.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), receipts_gone AS (
    DELETE FROM receipts AS r
    WHERE r.slot = $1 AND r.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), etas_gone AS (
    DELETE FROM etas AS t
    WHERE t.slot = $1 AND t.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), audiences_gone AS (
    DELETE FROM audiences AS a
    WHERE a.slot = $1 AND a.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
), numbers_gone AS (
    DELETE FROM feed AS f
    WHERE f.slot = $1 AND f.subject_id = ANY (ARRAY(SELECT l.subject_id FROM leaving AS l))
)
UPDATE heads AS h
SET archived_at = now.at,
    archived_to = $5,
    archived_customer_id = l.customer_id,
    last_recorded_at = l.recorded_at -- as it is; by it a file is known to be of this history
FROM leaving AS l, (SELECT lockstep_now() AS at) AS now
WHERE h.slot = $1 AND h.subject_id = l.subject_id
  AND h.subject_id = ANY (ARRAY(SELECT o.subject_id FROM leaving AS o))
RETURNING h.subject_id
