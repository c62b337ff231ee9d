-- The views of subjects with very many cards are found by it, when a slot moves to its next generation.

CREATE INDEX views_of_crowds ON views (slot, generation, subject_id) WHERE crowd;
