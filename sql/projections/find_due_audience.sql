-- Finds the audience whose turn it is, of those that are neither stopped nor done, of subjects that are open and whose time
-- has come; and how many of its starts wait to be sent, as far as that many are counted.
-- $1 smallint[]  slots
-- $2 bigint      count so many waiting starts at the most
-- Returns: slot smallint, subject_id text, kind text, customers text[], segment text, attributes_type text,
--          show_at timestamptz, revision uuid, after text, waiting bigint
SELECT a.slot, a.subject_id, a.kind, a.customers, a.segment, a.attributes_type, a.show_at, a.revision, a.after,
       (SELECT count(*)
        FROM (SELECT
              -- what is due in the slot, and not all cards of the subject: that is what OFFSET is for
              FROM (SELECT c.subject_id, c.phase
                    FROM cards AS c
                    WHERE c.slot = a.slot AND c.lane = 1 AND c.environment IN ('sandbox', 'production', 'fcm')
                      AND c.claim_at <= a.at
                    OFFSET 0) AS d
              WHERE d.subject_id = a.subject_id AND d.phase = 'wanted'
              LIMIT $2) AS w) AS waiting
FROM (
    SELECT a.slot, a.subject_id, a.customers, a.segment, a.attributes_type, a.show_at, a.revision, a.after,
           coalesce(v.state ->> '$kind', 'order') AS kind, now.at
    FROM (SELECT lockstep_now() AS at) AS now, audiences AS a
    JOIN slots AS s ON s.slot = a.slot
    JOIN views AS v ON v.slot = a.slot AND v.generation = s.generation AND v.subject_id = a.subject_id
    WHERE a.slot = ANY ($1::smallint[]) AND a.done_at IS NULL AND a.stopped_at IS NULL AND a.over_at IS NULL
      AND a.turn_at <= now.at AND NOT v.over AND coalesce((v.state ->> 'showAt')::timestamptz <= now.at, true)
    ORDER BY a.turn_at
    LIMIT 1
) AS a
