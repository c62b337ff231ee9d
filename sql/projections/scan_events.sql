-- Reads a page of a slot's events, subject by subject and version by version, to be folded again.
-- $1 smallint  slot
-- $2 text      after this subject
-- $3 bigint    and this version of it
-- $4 text      to this subject
-- $5 bigint    at the most so many
-- $6 timestamptz  what was recorded after it has no time; NULL: everything has
-- Returns: subject_id text, version bigint, source text, event_id text, type text, schema_version smallint, data bytea,
--          sealed bytea, at bytea
SELECT subject_id, version, source, event_id, type, schema_version, json_send(data) AS data, sealed,
       -- when it takes effect, which is all that a fold asks, as it goes over the wire: a number is read faster than a date
       CASE WHEN recorded_at > $6 THEN NULL ELSE timestamptz_send(least(occurred_at, recorded_at)) END AS at
FROM events
WHERE slot = $1 AND (subject_id, version) > ($2, $3) AND subject_id <= $4
ORDER BY subject_id, version
LIMIT $5
