-- Counts what is due and since when, what is set aside, and what is paused: the figures of metrics. Nothing is counted
-- beyond so many a place, so that a backlog makes this no slower than that. How long cards have been due is told of those
-- alone that no person's pause holds back, as far as they are among the counted.
-- $1 smallint[]  slots
-- $2 smallint[]  lanes
-- $3 text[]      environments
-- $4 bigint      at the most so many a slot, and a lane and environment of it
-- Returns: figure text, label text, environment text, count bigint, oldest_seconds double precision
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), held AS MATERIALIZED (
    SELECT coalesce(bool_or(p.kind = 'all'), false) AS everything,
           array_agg(p.key) FILTER (WHERE p.kind = 'app') AS apps,
           array_agg(p.key) FILTER (WHERE p.kind = 'type') AS types
    FROM now, pauses AS p
    WHERE p.until IS NULL OR p.until > now.at
)
SELECT 'cards' AS figure, lanes.lane::text AS label, environments.environment, count(d.claim_at) AS count,
       extract(epoch FROM max(now.at - d.claim_at) FILTER (WHERE NOT d.held))::double precision AS oldest_seconds
FROM now, held, unnest($2::smallint[]) AS lanes(lane)
CROSS JOIN unnest($3::text[]) AS environments(environment)
CROSS JOIN unnest($1::smallint[]) AS wanted(slot)
LEFT JOIN LATERAL (
    SELECT c.claim_at,
           held.everything OR coalesce(c.app = ANY (held.apps), false)
           OR coalesce(c.attributes_type = ANY (held.types), false) AS held
    FROM cards AS c
    WHERE c.slot = wanted.slot AND c.lane = lanes.lane AND c.environment = environments.environment AND c.claim_at <= now.at
      AND (c.leased_until IS NULL OR c.leased_until <= now.at)
    ORDER BY c.claim_at
    LIMIT $4
) AS d ON true
GROUP BY lanes.lane, environments.environment
UNION ALL
SELECT 'channels', NULL, NULL, count(d.claim_at), extract(epoch FROM max(now.at - d.claim_at))::double precision
FROM now, unnest($1::smallint[]) AS wanted(slot)
LEFT JOIN LATERAL (
    SELECT h.claim_at
    FROM channels AS h
    WHERE h.slot = wanted.slot AND h.claim_at <= now.at AND (h.leased_until IS NULL OR h.leased_until <= now.at)
    ORDER BY h.claim_at
    LIMIT $4
) AS d ON true
UNION ALL
SELECT 'behind', NULL, NULL, count(d.at), extract(epoch FROM max(now.at - d.at))::double precision
FROM now, unnest($1::smallint[]) AS wanted(slot)
LEFT JOIN LATERAL (
    SELECT h.last_recorded_at AS at
    FROM heads AS h
    JOIN slots AS s ON s.slot = h.slot
    LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
    WHERE h.slot = wanted.slot AND h.settled_at IS NULL AND h.version > coalesce(v.version, 0)
      AND v.quarantined_at IS NULL AND v.held_for IS NULL
    LIMIT $4
) AS d ON true
UNION ALL
SELECT 'set_aside', 'failed', NULL, count(*) FILTER (WHERE v.quarantined_at IS NOT NULL), NULL
FROM slots AS s
JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation
WHERE s.slot = ANY ($1::smallint[]) AND (v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL)
UNION ALL
SELECT 'set_aside', 'newer', NULL, count(*) FILTER (WHERE v.quarantined_at IS NULL), NULL
FROM slots AS s
JOIN views AS v ON v.slot = s.slot AND v.generation = s.generation
WHERE s.slot = ANY ($1::smallint[]) AND (v.quarantined_at IS NOT NULL OR v.held_by_fold IS NOT NULL)
UNION ALL
SELECT 'deliveries', NULL, NULL, count(d.due_at), extract(epoch FROM max(now.at - d.due_at))::double precision
FROM now
CROSS JOIN unnest($1::smallint[]) AS wanted(slot)
LEFT JOIN webhooks AS w ON w.disabled_at IS NULL
LEFT JOIN LATERAL (
    SELECT e.due_at
    FROM webhook_deliveries AS e
    WHERE e.slot = wanted.slot AND e.webhook = w.name AND e.due_at <= now.at
    ORDER BY e.due_at
    LIMIT $4
) AS d ON true
UNION ALL
SELECT 'webhooks_off', NULL, NULL, count(*), NULL
FROM webhooks AS w
WHERE w.disabled_at IS NOT NULL
UNION ALL
SELECT 'pauses', p.kind, NULL, count(*), extract(epoch FROM max(now.at - p.paused_at))::double precision
FROM now, pauses AS p
WHERE p.until IS NULL OR p.until > now.at
GROUP BY p.kind
UNION ALL
SELECT 'outages', NULL, o.environment, 1, extract(epoch FROM now.at - o.since)::double precision
FROM now, outages AS o
WHERE o.until > now.at
