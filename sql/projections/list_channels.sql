-- Lists channels for people, the newest look first, with how many cards follow each.
-- $1 smallint[]  slots
-- $2 text        subject id; NULL: any
-- $3 boolean     also those that are gone
-- $4 bigint      at the most so many
-- Returns: subject_id text, app text, environment text, attributes_type text, generation smallint, storage text,
--          phase text, channel_id text, lost boolean, accepted_version bigint, view_version bigint, published bigint,
--          cards bigint, outcome text, why text, outcome_at timestamptz, due_at timestamptz, now timestamptz
SELECT h.subject_id, h.app, h.environment, h.attributes_type, h.generation, h.storage, h.phase, h.channel_id, h.lost,
       h.accepted_version, v.version AS view_version, h.published,
       (SELECT count(*)
        FROM cards AS c
        WHERE c.slot = h.slot AND c.subject_id = h.subject_id AND c.carrier = 'channel' AND c.channel = h.channel
          AND c.phase <> 'over') AS cards,
       h.outcome, h.why, h.outcome_at, h.due_at, now.at AS now
FROM (SELECT lockstep_now() AS at) AS now, channels AS h
JOIN slots AS s ON s.slot = h.slot
LEFT JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
WHERE h.slot = ANY ($1::smallint[])
  AND ($2::text IS NULL OR h.subject_id = $2)
  AND ($3 OR h.phase <> 'gone')
ORDER BY h.outcome_at DESC NULLS FIRST, h.channel
LIMIT $4
