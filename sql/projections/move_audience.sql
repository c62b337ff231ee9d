-- Notes how far the phones of an audience that we hold have been looked through.
-- $1 smallint  slot
-- $2 text      subject id
-- $3 text      the phone that was looked at last; NULL: there are no more
UPDATE audiences AS a
SET after = coalesce($3, a.after), turn_at = now.at, done_at = CASE WHEN $3::text IS NULL THEN now.at END
FROM (SELECT lockstep_now() AS at) AS now
WHERE a.slot = $1 AND a.subject_id = $2
