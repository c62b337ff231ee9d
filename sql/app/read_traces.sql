-- Reads where the events behind a push came from, the newest first; a card may have been told of several at once.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 bigint[]    after this version
-- $4 bigint[]    up to this version
-- $5 bigint      at the most so many a push
-- Returns: ord bigint, trace text
SELECT wanted.ord, e.trace
FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[])
     WITH ORDINALITY AS wanted(slot, subject_id, after, up_to, ord)
CROSS JOIN LATERAL (
    SELECT n.version, n.trace
    FROM events AS n
    WHERE n.slot = wanted.slot AND n.subject_id = wanted.subject_id AND n.version > wanted.after
      AND n.version <= wanted.up_to AND n.trace IS NOT NULL
    ORDER BY n.version DESC
    LIMIT $5
) AS e
ORDER BY wanted.ord, e.version DESC
