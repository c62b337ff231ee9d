-- Stores a segment in place of what was there by its name; its ids are written by `add_segment_ids`.
-- $1 text  name
-- $2 text  filter; NULL: it is a list of ids
-- $3 text  whose ids: customers or devices; NULL: it is a filter
INSERT INTO segments AS s (name, filter, ids_of, revision, changed_at)
VALUES ($1, $2, $3, gen_random_uuid(), lockstep_now())
ON CONFLICT (name) DO UPDATE
    SET filter = excluded.filter, ids_of = excluded.ids_of, revision = excluded.revision, changed_at = excluded.changed_at
