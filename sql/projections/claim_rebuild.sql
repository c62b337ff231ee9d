-- Takes a slot's rebuild, so that nobody else writes its next generation; no row: the slot has gone there. What is written
-- now need not reach the disk at once: a crash of Postgres takes it whole.
-- $1 smallint  slot
-- $2 integer   fold version
-- Returns: generation smallint, live_generation smallint, back boolean, built_to text, now timestamptz, waits text
SELECT r.generation, s.generation AS live_generation, r.back, r.built_to, lockstep_now() AS now,
       set_config('synchronous_commit', 'off', true) AS waits
FROM rebuilds AS r
JOIN slots AS s ON s.slot = r.slot
WHERE r.slot = $1 AND r.fold_version = $2 AND r.moved_at IS NULL
FOR UPDATE OF r
