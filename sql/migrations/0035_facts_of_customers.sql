-- An erasure finds what is told of a customer's cards without reading what is told of all others'.

CREATE INDEX card_facts_of_customer ON card_facts (slot, customer_id) WHERE customer_id IS NOT NULL;
