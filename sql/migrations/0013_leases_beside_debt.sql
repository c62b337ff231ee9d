-- A lease no longer moves the time at which a card is claimed: a claim writes to no index then, which is most of what it
-- cost. Live cards are found by the index of what is to be claimed, and those of one subject by the primary key.

ALTER TABLE cards
    ADD COLUMN leased_until timestamptz;

UPDATE cards
SET leased_until = blocked_until, blocked_until = NULL
WHERE leased_at IS NOT NULL;

DROP INDEX cards_live;
DROP INDEX cards_to_claim;
CREATE INDEX cards_to_claim ON cards (slot, lane, claim_at) WHERE claim_at IS NOT NULL OR phase <> 'over';
