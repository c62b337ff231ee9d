-- Counts the phones whose cards are still to be looked for.
-- Returns: phones bigint
SELECT count(*) AS phones
FROM (SELECT lockstep_now() AS at) AS now, devices AS d
WHERE d.match_due_at <= now.at
