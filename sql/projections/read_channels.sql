-- Reads the channels of subjects, the newest first.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: slot smallint, subject_id text, channel uuid, app text, environment text, attributes_type text,
--          generation smallint, storage text, phase text, channel_id text, lost boolean, last_answer text,
--          considered_version bigint, accepted_version bigint, accepted_hash bytea, accepted_at timestamptz,
--          published bigint, outcome text, why text, outcome_at timestamptz, due_at timestamptz,
--          blocked_until timestamptz, leased_at timestamptz
SELECT h.slot, h.subject_id, h.channel, h.app, h.environment, h.attributes_type, h.generation, h.storage, h.phase,
       h.channel_id, h.lost, h.last_answer, h.considered_version, h.accepted_version, h.accepted_hash, h.accepted_at,
       h.published, h.outcome, h.why, h.outcome_at, h.due_at, h.blocked_until, h.leased_at
FROM unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN channels AS h ON h.slot = wanted.slot AND h.subject_id = wanted.subject_id
ORDER BY h.generation DESC
