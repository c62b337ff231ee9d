-- Orders that wait for their time are found by it, those of the live generation alone: what an earlier one has kept is
-- not passed over at each look.

DROP INDEX views_to_match;
CREATE INDEX views_to_match ON views (slot, generation, match_due_at) WHERE match_due_at IS NOT NULL;
