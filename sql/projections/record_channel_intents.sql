-- Writes what is about to be asked of APNs for channels, before it is, for leases that still hold.
-- $1 smallint[]  slot
-- $2 text[]      subject id
-- $3 uuid[]      channel
-- $4 bigint[]    lease
-- $5 text[]      phase from here on
-- $6 bigint[]    timestamp of the push, 0 for none
-- $7 bigint[]    version that its alert covers, 0 for none
-- Returns: channel uuid
UPDATE channels AS h
SET phase = i.phase,
    timestamp_used = greatest(h.timestamp_used, i.at),
    intent_alert = i.alert
FROM unnest($1::smallint[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])
     AS i(slot, subject_id, channel, lease, phase, at, alert)
WHERE h.slot = i.slot AND h.subject_id = i.subject_id AND h.channel = i.channel AND h.lease = i.lease
RETURNING h.channel
