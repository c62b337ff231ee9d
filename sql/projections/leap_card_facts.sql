-- Lets the numbers of facts leap, further than a restore or a failover could take them back.
UPDATE card_fact_slots
SET position = position + 1000000
WHERE slot BETWEEN 0 AND 255
