-- A claim looks only where APNs can be reached: cards that are due elsewhere cost it nothing, however many they are.

DROP INDEX cards_to_claim;
CREATE INDEX cards_to_claim ON cards (slot, lane, environment, claim_at) WHERE claim_at IS NOT NULL OR phase <> 'over';
