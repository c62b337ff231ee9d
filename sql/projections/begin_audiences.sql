-- Begins to look for the phones of subjects that are for an audience, and begins anew where that, or its time, is another.
-- $1 smallint[]     slot
-- $2 text[]         subject id
-- $3 json[]         audience, as the view has it
-- $4 text[]         attributes type
-- $5 timestamptz[]  when the subject is to be shown; NULL: at once
INSERT INTO audiences AS a (slot, subject_id, customers, segment, attributes_type, show_at, turn_at, begun_at)
SELECT f.slot, f.subject_id,
       CASE WHEN f.audience ->> 'customers' IS NOT NULL
            THEN ARRAY(SELECT json_array_elements_text(f.audience -> 'customers')) END,
       f.audience ->> 'segment', f.attributes_type, f.show_at, now.at, now.at
FROM (SELECT lockstep_now() AS at) AS now,
     unnest($1::smallint[], $2::text[], $3::json[], $4::text[], $5::timestamptz[])
     AS f(slot, subject_id, audience, attributes_type, show_at)
WHERE f.audience ->> 'customers' IS NOT NULL OR f.audience ->> 'segment' IS NOT NULL
   OR f.audience ->> 'everybody' = 'true'
ORDER BY f.slot, f.subject_id
ON CONFLICT (slot, subject_id) DO UPDATE
    SET customers = excluded.customers,
        segment = excluded.segment,
        attributes_type = excluded.attributes_type,
        show_at = excluded.show_at,
        revision = NULL,
        after = '',
        turn_at = excluded.turn_at,
        done_at = NULL,
        over_at = NULL
    WHERE a.over_at IS NOT NULL
       OR (a.customers, a.segment, a.attributes_type, a.show_at)
          IS DISTINCT FROM (excluded.customers, excluded.segment, excluded.attributes_type, excluded.show_at)
