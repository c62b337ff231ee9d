-- Deletes the pushes of minutes that are long over.
-- $1 integer  minutes that are kept
DELETE FROM figures AS f
WHERE f.figure = 'pushes'
  AND f.minute < lockstep_now() - $1::integer * interval '1 minute'
