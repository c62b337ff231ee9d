-- Lists cards for people, the newest look first; one that follows a channel has what was published there.
-- $1 smallint[]        slots
-- $2 text[]            subject ids; NULL: any
-- $3 text              device id; NULL: any
-- $4 text              phase; NULL: any that is not over
-- $5 double precision  stuck for so many seconds: due all that time, or behind its view; NULL: whether stuck or not
-- $6 bigint            at the most so many
-- Returns: slot smallint, subject_id text, card_id uuid, device_id text, app text, environment text,
--          attributes_type text, generation smallint, phase text, reported_state text, considered_version bigint,
--          accepted_version bigint, view_version bigint, outcome text, why text, outcome_at timestamptz,
--          due_at timestamptz, blocked_until timestamptz, asked text, carrier text, now timestamptz
SELECT c.slot, c.subject_id, c.card_id, c.device_id, c.app, c.environment, c.attributes_type, c.generation, c.phase,
       c.reported_state, greatest(c.considered_version, h.considered_version) AS considered_version,
       greatest(c.accepted_version, h.accepted_version) AS accepted_version,
       coalesce(v.version, w.version) AS view_version, c.outcome, c.why,
       c.outcome_at, c.due_at, c.blocked_until,
       CASE WHEN c.asked = 'resend' AND c.accepted_at >= c.asked_at THEN NULL ELSE c.asked END AS asked, c.carrier, now.at AS now
FROM (SELECT lockstep_now() AS at) AS now, cards AS c
JOIN slots AS s ON s.slot = c.slot
LEFT JOIN views AS v ON v.slot = c.slot AND v.generation = s.generation AND v.subject_id = c.subject_id
LEFT JOIN customer_views AS w ON w.slot = c.slot AND w.subject_id = c.subject_id
LEFT JOIN channels AS h ON h.slot = c.slot AND h.subject_id = c.subject_id AND h.channel = c.channel
WHERE c.slot = ANY ($1::smallint[])
  AND ($2::text[] IS NULL OR c.subject_id = ANY ($2))
  AND ($3::text IS NULL OR c.device_id = $3)
  AND ($4::text IS NULL AND c.phase <> 'over' OR c.phase = $4)
  AND ($5::double precision IS NULL
       OR c.claim_at IS NOT NULL AND greatest(c.claim_at, c.leased_until) < now.at - $5 * interval '1 second'
       OR c.outcome IN ('failed', 'refused')
       OR greatest(c.considered_version, h.considered_version) < coalesce(v.version, w.version)
          AND coalesce(v.folded_at, w.gathered_at) < now.at - $5 * interval '1 second')
ORDER BY c.outcome_at DESC NULLS FIRST, c.card_id
LIMIT $6
