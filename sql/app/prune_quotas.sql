-- Deletes counts of callers who have not asked for so long that they have their whole quota again.
-- $1 integer  days
DELETE FROM quotas
WHERE counted_at < lockstep_now() - $1::integer * interval '1 day'
