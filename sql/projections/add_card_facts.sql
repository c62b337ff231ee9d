-- Writes what became of cards, numbered within their slots, and whom it is to be told. Run it at the end of the
-- transaction that has settled the cards: it holds the numbers of their slots until the commit.
--  $1 smallint[]  slot
--  $2 text[]      subject id
--  $3 uuid[]      card id
--  $4 text[]      type
--  $5 text[]      code
--  $6 text[]      reason
--  $7 text[]      device id
--  $8 text[]      customer id
--  $9 text[]      app
-- $10 text[]      attributes type
-- $11 smallint[]  generation
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), told AS MATERIALIZED (
    SELECT t.*, row_number() OVER (PARTITION BY t.slot ORDER BY t.ord) AS place
    FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::smallint[]) WITH ORDINALITY
         AS t(slot, subject_id, card_id, type, code, reason, device_id, customer_id, app, attributes_type, generation,
              ord)
), counted AS MATERIALIZED (
    SELECT t.slot, count(*) AS facts
    FROM told AS t
    GROUP BY t.slot
), numbered AS (
    INSERT INTO card_fact_slots AS s (slot, position)
    SELECT c.slot, c.facts
    FROM counted AS c
    ORDER BY c.slot
    ON CONFLICT (slot) DO UPDATE SET position = s.position + excluded.position
    RETURNING s.slot, s.position
), written AS (
    INSERT INTO card_facts (slot, position, subject_id, card_id, type, code, reason, at, device_id, customer_id, app,
                            attributes_type, generation)
    SELECT t.slot, n.position - c.facts + t.place, t.subject_id, t.card_id, t.type, t.code, t.reason, now.at,
           t.device_id, t.customer_id, t.app, t.attributes_type, t.generation
    FROM told AS t
    JOIN counted AS c ON c.slot = t.slot
    JOIN numbered AS n ON n.slot = t.slot
    CROSS JOIN now
    RETURNING slot, position, type
)
INSERT INTO webhook_deliveries (slot, position, webhook, due_at)
SELECT w.slot, w.position, h.name, now.at
FROM written AS w
JOIN webhooks AS h ON w.type = ANY (h.types)
CROSS JOIN now
