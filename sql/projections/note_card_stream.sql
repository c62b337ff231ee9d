-- Notes that the stream of facts is read, at the most once a minute.
INSERT INTO card_streams AS s (read_at)
VALUES (lockstep_now())
ON CONFLICT (only_row) DO UPDATE SET read_at = excluded.read_at
WHERE s.read_at < excluded.read_at - interval '1 minute'
