-- Wants a channel for each of these subjects, apps, environments and types that has none that is open or on its way; one
-- that is about to be closed, and is not being deleted at this moment, stays open.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 text[]      app
-- $4 text[]      environment
-- $5 text[]      attributes type
-- $6 uuid[]      the channel, if it is new
-- $7 text[]      storage
-- Returns: slot smallint
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), wanted AS MATERIALIZED (
    SELECT w.*, n.channel AS newest, n.phase, coalesce(n.generation, 0) AS generation
    FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[])
         AS w(slot, subject_id, app, environment, attributes_type, channel, storage)
    LEFT JOIN LATERAL (
        SELECT h.channel, h.phase, h.generation
        FROM channels AS h
        WHERE h.slot = w.slot AND h.subject_id = w.subject_id AND h.app = w.app AND h.environment = w.environment
          AND h.attributes_type = w.attributes_type
        ORDER BY h.generation DESC
        LIMIT 1
    ) AS n ON true
), kept AS (
    UPDATE channels AS h
    SET due_at = now.at, debt = h.debt + 1
    FROM wanted AS w, now
    WHERE h.slot = w.slot AND h.subject_id = w.subject_id AND h.channel = w.newest AND h.phase = 'closing'
    RETURNING h.slot
), added AS (
    INSERT INTO channels (slot, subject_id, channel, app, environment, attributes_type, generation, storage,
                          created_at, due_at, debt)
    SELECT w.slot, w.subject_id, w.channel, w.app, w.environment, w.attributes_type, w.generation + 1, w.storage,
           now.at, now.at, 1
    FROM wanted AS w, now
    WHERE w.phase IS NULL OR w.phase IN ('ended', 'gone')
    ORDER BY w.slot, w.subject_id, w.app, w.environment, w.attributes_type
    ON CONFLICT (slot, subject_id, app, environment, attributes_type, generation) DO NOTHING
    RETURNING slot
)
SELECT slot
FROM kept
UNION ALL
SELECT slot
FROM added
