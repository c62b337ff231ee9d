-- Draws a block of requests from a key's bucket, or as many as are in it; one that is not there is full.
-- $1 text              key id
-- $2 double precision  requests in a full bucket
-- $3 double precision  requests that it gains each second
-- $4 double precision  requests wanted
-- Returns: granted double precision, left_over double precision
INSERT INTO quotas AS q (key_id, left_over, granted, counted_at)
VALUES ($1, $2 - least($4, floor($2)), least($4, floor($2)), lockstep_now())
ON CONFLICT (key_id) DO UPDATE
SET (left_over, granted, counted_at) = (
    SELECT has.level - least($4, floor(has.level)), least($4, floor(has.level)),
           greatest(q.counted_at, excluded.counted_at)
    FROM (SELECT least(
              $2, q.left_over + $3 * greatest(0, extract(epoch FROM excluded.counted_at - q.counted_at)::double precision)
          ) AS level) AS has
)
RETURNING granted, left_over
