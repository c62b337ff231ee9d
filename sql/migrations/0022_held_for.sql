-- A subject that is held says for which event: whoever reads its type and version goes on with it. The column held_by_fold
-- stays for the release before, which leaves the subject alone by it.

ALTER TABLE views ADD COLUMN held_for text COLLATE "C";
