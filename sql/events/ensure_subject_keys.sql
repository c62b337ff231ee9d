-- Gives each subject its wrapped data key, the one that is there or the one offered; NULL where it was erased.
-- $1 smallint[]  slot
-- $2 text[]      subject id, in key order
-- $3 bytea[]     a wrapped key for subjects that have none yet
-- Returns: subject_id text, wrapped bytea
INSERT INTO subject_keys AS k (slot, subject_id, wrapped)
SELECT slot, subject_id, wrapped
FROM unnest($1::smallint[], $2::text[], $3::bytea[]) AS offered(slot, subject_id, wrapped)
ON CONFLICT (slot, subject_id) DO UPDATE SET slot = k.slot
RETURNING subject_id, wrapped
