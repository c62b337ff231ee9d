-- Channels that are gone are kept for a while, and there may be very many of them: who counts the others, or looks for
-- what was forgotten of them, passes them over.

CREATE INDEX channels_at_work ON channels (slot, app, environment) WHERE phase <> 'gone';
