-- Deletes counts of callers who have not asked for a day: they have their whole quota again.
DELETE FROM quotas
WHERE counted_at < lockstep_now() - interval '1 day'
