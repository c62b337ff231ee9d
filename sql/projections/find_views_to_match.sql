-- Finds views whose recipients must be looked for now, the newest flags first: whoever orders now does not wait behind
-- all whose time has come at the same minute. Those were flagged ahead of it: they are `awaited`. The time of some is
-- ahead all the same: their views were made anew, and tell another than the flag.
-- $1 smallint[]  slots
-- $2 bigint      at the most so many
-- $3 bigint      at the most so many a slot
-- Returns: slot smallint, subject_id text, generation smallint, match_count bigint, customer_id text, over boolean,
--          awaited boolean, show_at timestamptz, ahead boolean, kind text, attributes_type text, audience json,
--          now timestamptz
SELECT d.slot, d.subject_id, d.generation, d.match_count, d.customer_id, d.over, d.match_due_at > d.folded_at AS awaited,
       t.show_at, t.show_at > d.at AND NOT d.over AS ahead, coalesce(d.state ->> '$kind', 'order') AS kind,
       d.state #>> '{state,attributesType}' AS attributes_type, d.state #> '{state,audience}' AS audience,
       d.at AS now
FROM (
    SELECT v.*, now.at
    FROM (SELECT lockstep_now() AS at) AS now, unnest($1::smallint[]) AS wanted(slot)
    JOIN slots AS s ON s.slot = wanted.slot
    CROSS JOIN LATERAL (
        SELECT f.slot, f.subject_id, f.generation, f.match_count, f.match_due_at, f.customer_id, f.over, f.folded_at,
               f.state
        FROM views AS f
        WHERE f.slot = wanted.slot AND f.generation = s.generation AND f.match_due_at <= now.at
        ORDER BY f.match_due_at DESC
        LIMIT $3
    ) AS v
    ORDER BY v.match_due_at DESC
    LIMIT $2
) AS d
CROSS JOIN LATERAL (SELECT (d.state ->> 'showAt')::timestamptz AS show_at) AS t
