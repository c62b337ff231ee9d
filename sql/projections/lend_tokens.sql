-- Gives cards on phones with Android the token that they are started by, for their later pushes; a token that the phone
-- has told of since stays.
-- $1 smallint[]     slot
-- $2 text[]         subject id
-- $3 uuid[]         card id
-- $4 bigint[]       lease
-- $5 bytea[]        blind index
-- $6 bytea[]        sealed value
-- $7 timestamptz[]  when the phone told of it
WITH locked AS MATERIALIZED (
    SELECT l.*
    FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[], $5::bytea[], $6::bytea[], $7::timestamptz[])
         AS l(slot, subject_id, card_id, lease, token_hash, token_sealed, registered_at)
    JOIN cards AS c ON c.slot = l.slot AND c.subject_id = l.subject_id AND c.card_id = l.card_id
    WHERE c.lease = l.lease AND coalesce(c.token_registered_at < l.registered_at, true)
    ORDER BY c.slot, c.subject_id, c.card_id
    FOR UPDATE OF c
)
UPDATE cards AS c
SET token_hash = l.token_hash, token_sealed = l.token_sealed, token_registered_at = l.registered_at
FROM locked AS l
WHERE c.slot = l.slot AND c.subject_id = l.subject_id AND c.card_id = l.card_id AND c.lease = l.lease
