-- Writes what settlements mean for phones. One whose card was recalled is flagged for the matcher, whose work of a moment
-- ago may have missed what was written with this.
--  $1 text[]            device ids
--  $2 boolean[]         a card was recalled
--  $3 integer[]         starts that provably did not reach the phone, and go back into its budget
--  $4 integer[]         accepted starts that no app told of
--  $5 integer[]         urgent pushes that it counts
--  $6 double precision  the most starts that a budget holds
--  $7 double precision  the most urgent pushes that a budget holds
--  $8 double precision  how many it gains in an hour
--  $9 double precision  the most where frequent updates are switched off
-- $10 double precision  how many it gains there
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
), held AS MATERIALIZED (
    SELECT d.device_id, n.recalled, n.unused, n.silent, n.urgent,
           CASE WHEN d.frequent_pushes THEN $7 ELSE $9::double precision END AS most,
           CASE WHEN d.frequent_pushes THEN $8 ELSE $10::double precision END AS an_hour
    FROM unnest($1::text[], $2::boolean[], $3::integer[], $4::integer[], $5::integer[])
         AS n(device_id, recalled, unused, silent, urgent)
    JOIN devices AS d ON d.device_id = n.device_id
    ORDER BY d.device_id
    FOR UPDATE OF d
)
UPDATE devices AS d
SET match_due_at = CASE WHEN h.recalled THEN now.at ELSE d.match_due_at END,
    match_count = d.match_count + CASE WHEN h.recalled THEN 1 ELSE 0 END,
    start_credit = CASE WHEN h.unused > 0 THEN least($6, d.start_credit + h.unused) ELSE d.start_credit END,
    unreported_starts = d.unreported_starts + h.silent,
    urgent_credit = CASE
        WHEN h.urgent = 0 THEN d.urgent_credit
        -- what went beyond is owed, so that the mean stays within the budget
        ELSE greatest(-h.most,
                      least(h.most,
                            d.urgent_credit
                            + greatest(extract(epoch FROM now.at - d.urgent_credit_at)::double precision, 0)
                              * h.an_hour / 3600)
                      - h.urgent)
        END,
    urgent_credit_at = CASE WHEN h.urgent = 0 THEN d.urgent_credit_at ELSE now.at END
FROM held AS h, now
WHERE d.device_id = h.device_id
