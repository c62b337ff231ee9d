-- Writes how a webhook is to be, switched on; one that is there keeps its secret, or signs with the one before for a
-- while beside a new one. None is added beyond what there may be.
-- $1 text              name
-- $2 text              URL
-- $3 text[]            types of facts
-- $4 bytea             the new secret, sealed; NULL: the one it has
-- $5 bytea             the secret of a webhook that is added
-- $6 double precision  seconds that the secret before signs too
-- $7 bigint            at the most so many webhooks
-- Returns: added boolean
WITH now AS MATERIALIZED (
    SELECT lockstep_now() AS at
)
INSERT INTO webhooks AS w (name, url, types, secret_sealed, created_at, changed_at)
SELECT $1, $2, $3, coalesce($4::bytea, $5::bytea), now.at, now.at
FROM now
WHERE (SELECT count(*) FROM webhooks AS o WHERE o.name <> $1) < $7
ON CONFLICT (name) DO UPDATE
SET url = excluded.url,
    types = excluded.types,
    secret_sealed = coalesce($4::bytea, w.secret_sealed),
    previous_sealed = CASE WHEN $4::bytea IS NULL THEN w.previous_sealed ELSE w.secret_sealed END,
    previous_until = CASE WHEN $4::bytea IS NULL THEN w.previous_until
                          ELSE excluded.changed_at + $6 * interval '1 second' END,
    changed_at = excluded.changed_at,
    failing_since = NULL,
    failures = 0,
    blocked_until = NULL,
    disabled_at = NULL,
    disabled_why = NULL
RETURNING xmax = 0 AS added
