-- Reads the live views of subjects, with their wrapped data keys, and when something was last heard of each; a subject
-- without a view has no row.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- Returns: slot smallint, subject_id text, generation smallint, version bigint, state json, sealed bytea,
--          fingerprint bytea, folded_at timestamptz, heard_at timestamptz, head_version bigint, wrapped bytea,
--          now timestamptz
SELECT v.slot, v.subject_id, v.generation, v.version, v.state, v.sealed, v.fingerprint, v.folded_at,
       h.last_recorded_at AS heard_at, h.version AS head_version, k.wrapped, now.at AS now
FROM (SELECT lockstep_now() AS at) AS now, unnest($1::smallint[], $2::text[]) AS wanted(slot, subject_id)
JOIN slots AS s ON s.slot = wanted.slot
JOIN views AS v ON v.slot = wanted.slot AND v.generation = s.generation AND v.subject_id = wanted.subject_id
LEFT JOIN heads AS h ON h.slot = wanted.slot AND h.subject_id = wanted.subject_id
LEFT JOIN subject_keys AS k ON k.slot = wanted.slot AND k.subject_id = wanted.subject_id
