-- Notes in the list of orders which of some subjects have a card that failed. Their slots are stamped before, in a
-- statement of its own, so that this one sees the cards of whoever stamped them earlier.
-- $1 smallint[]     slot
-- $2 text[]         subject id
-- $3 timestamptz[]  the stamp of the slot
UPDATE order_list AS l
SET failed = f.failed, changed_at = f.at
FROM (
    SELECT w.slot, w.subject_id, w.at,
           EXISTS (SELECT
                   FROM cards AS c
                   WHERE c.slot = w.slot AND c.subject_id = w.subject_id
                     AND c.outcome = 'failed' AND c.phase <> 'over') AS failed
    FROM unnest($1::smallint[], $2::text[], $3::timestamptz[]) AS w(slot, subject_id, at)
) AS f
WHERE l.slot = f.slot AND l.subject_id = f.subject_id AND l.failed <> f.failed
