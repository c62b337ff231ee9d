-- Channels of broadcast pushes, by which one push an update reaches every card of a subject that follows: rows of debt
-- beside the cards, which name theirs.

CREATE TABLE channels (
    slot               smallint    NOT NULL,
    subject_id         text        NOT NULL COLLATE "C",
    channel            uuid        NOT NULL,
    -- what it is
    app                text        NOT NULL,
    environment        text        NOT NULL,
    attributes_type    text        NOT NULL COLLATE "C",
    generation         smallint    NOT NULL,
    storage            text        NOT NULL CHECK (storage IN ('none', 'latest')),
    created_at         timestamptz NOT NULL,
    -- reasons to look: everybody but the broadcaster
    due_at             timestamptz,
    debt               bigint      NOT NULL DEFAULT 0,
    -- what we did about it: the broadcaster
    phase              text        NOT NULL DEFAULT 'wanted'
                       CHECK (phase IN ('wanted', 'creating', 'open', 'closing', 'ended', 'gone')),
    channel_id         text, -- Apple's
    lost               boolean     NOT NULL DEFAULT false,
    blocked_until      timestamptz,
    lease              bigint      NOT NULL DEFAULT 0,
    leased_at          timestamptz,
    leased_until       timestamptz,
    considered_version bigint      NOT NULL DEFAULT 0,
    timestamp_used     bigint      NOT NULL DEFAULT 0,
    timestamp_reserved bigint      NOT NULL DEFAULT 0,
    alerted_version    bigint      NOT NULL DEFAULT 0,
    accepted_version   bigint,
    accepted_hash      bytea,
    accepted_at        timestamptz,
    published_at       timestamptz, -- when the request that was accepted last was begun
    published          bigint      NOT NULL DEFAULT 0,
    freshness          text,
    attempts           integer     NOT NULL DEFAULT 0,
    last_answer        text,
    same_answers       integer     NOT NULL DEFAULT 0,
    outcome            text,
    why                text,
    outcome_at         timestamptz,
    claim_at           timestamptz GENERATED ALWAYS AS (
                           CASE WHEN due_at IS NULL THEN NULL ELSE greatest(due_at, blocked_until) END) STORED,
    PRIMARY KEY (slot, subject_id, channel),
    UNIQUE (slot, subject_id, app, environment, attributes_type, generation)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX channels_to_claim ON channels (slot, claim_at) WHERE claim_at IS NOT NULL;

ALTER TABLE cards
    ADD COLUMN channel uuid; -- the one that it follows, where its carrier is one

CREATE INDEX cards_of_channel ON cards (slot, subject_id, channel, started_at) WHERE carrier = 'channel';

-- Cards that follow a channel are in debt only where the channel itself is not what moves them: when it ends or is lost.
ALTER TABLE fan_outs
    ADD COLUMN members boolean NOT NULL DEFAULT false;

-- Over, folded and settled; nothing is the matter with it, no card or channel of it is open, owing or leased, and the feed, where it
-- is open, has all of it.
CREATE OR REPLACE VIEW finished AS
SELECT h.slot, h.subject_id, h.version, h.last_recorded_at, s.fold_version, v.state, v.sealed, v.fingerprint
FROM heads AS h
JOIN slots AS s ON s.slot = h.slot
JOIN views AS v ON v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id
WHERE h.settled_at IS NOT NULL
  AND h.archived_at IS NULL
  AND v.version = h.version
  AND v.over
  AND v.quarantined_at IS NULL
  AND v.held_by_fold IS NULL
  AND v.match_due_at IS NULL
  AND NOT EXISTS (
      SELECT FROM cards AS c
      WHERE c.slot = h.slot AND c.subject_id = h.subject_id
        AND (c.phase <> 'over' OR c.due_at IS NOT NULL OR c.leased_at IS NOT NULL)
  )
  AND NOT EXISTS (
      SELECT FROM channels AS c
      WHERE c.slot = h.slot AND c.subject_id = h.subject_id AND (c.phase <> 'gone' OR c.leased_at IS NOT NULL)
  )
  AND NOT EXISTS (SELECT FROM fan_outs AS o WHERE o.slot = h.slot AND o.subject_id = h.subject_id)
  AND (NOT EXISTS (SELECT FROM feed_slots AS o WHERE o.slot = h.slot) OR EXISTS (
      SELECT FROM feed AS f
      WHERE f.slot = h.slot AND f.subject_id = h.subject_id AND f.version = h.version
  ));
