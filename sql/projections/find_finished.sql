-- Finds the next finished subjects of a slot that may be archived, with their live views.
-- $1 smallint     slot
-- $2 text         after this subject
-- $3 timestamptz  the last event was recorded before it
-- $4 bigint       at the most so many
-- Returns: subject_id text, version bigint, fold_version integer, state json, sealed bytea, fingerprint bytea,
--          now timestamptz
SELECT f.subject_id, f.version, f.fold_version, f.state, f.sealed, f.fingerprint,
       lockstep_now() AS now
FROM finished AS f
WHERE f.slot = $1 AND f.subject_id > $2 AND f.last_recorded_at < $3
ORDER BY f.subject_id
LIMIT $4
