-- The schema that the migrations make: written by `make dump`, compared by a test, never edited.

CREATE FUNCTION public.drop_receipts_before(first_kept date) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
DECLARE
    day     text;
    dropped integer := 0;
BEGIN
    FOR day IN
        SELECT c.relname
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'receipts'::regclass AND c.relname ~ '^receipts_[0-9]{8}$'
          AND c.relname < 'receipts_' || to_char(first_kept, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', day);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM receipts_other WHERE sent_at < first_kept::timestamp AT TIME ZONE 'UTC';
    RETURN dropped;
END $_$;

CREATE FUNCTION public.lockstep_now() RETURNS timestamp with time zone
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
BEGIN
    RETURN clock_timestamp() + coalesce((SELECT ahead FROM test_clock), interval '0');
END $$;

CREATE FUNCTION public.make_receipts_day(day date) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF receipts FOR VALUES FROM (%L) TO (%L)',
        'receipts_' || to_char(day, 'YYYYMMDD'),
        (day::timestamp AT TIME ZONE 'UTC'), ((day + 1)::timestamp AT TIME ZONE 'UTC'));
EXCEPTION
    WHEN check_violation OR duplicate_table OR unique_violation THEN
        RETURN;
END $$;

CREATE FUNCTION public.refuse_changing_events() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('lockstep.archiving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'events are facts: % on the log is refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Append a new event; finished subjects leave by archiving.';
END $$;

CREATE TABLE public.api_keys (
    key_id text NOT NULL COLLATE pg_catalog."C",
    hash bytea NOT NULL,
    name text NOT NULL,
    environment text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    replaced_by text COLLATE pg_catalog."C",
    of_console boolean DEFAULT false NOT NULL
);

CREATE TABLE public.asset_debts (
    device_id text NOT NULL COLLATE pg_catalog."C",
    debt bigint DEFAULT 1 NOT NULL,
    due_at timestamp with time zone,
    blocked_until timestamp with time zone,
    claim_at timestamp with time zone GENERATED ALWAYS AS (
CASE
    WHEN (due_at IS NULL) THEN NULL::timestamp with time zone
    ELSE GREATEST(due_at, blocked_until)
END) STORED,
    lease bigint DEFAULT 0 NOT NULL,
    leased_until timestamp with time zone,
    told_fetch text[] DEFAULT '{}'::text[] NOT NULL,
    told_drop text[] DEFAULT '{}'::text[] NOT NULL,
    told_at timestamp with time zone,
    told_times integer DEFAULT 0 NOT NULL,
    reported_at timestamp with time zone,
    credit double precision,
    credit_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    outcome text,
    why text,
    outcome_at timestamp with time zone
);

CREATE TABLE public.asset_uses (
    device_id text NOT NULL COLLATE pg_catalog."C",
    card_id uuid NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    ref text,
    until timestamp with time zone NOT NULL
);

CREATE TABLE public.assets (
    key text NOT NULL COLLATE pg_catalog."C",
    sha256 text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL,
    size_bytes bigint NOT NULL,
    expires_at timestamp with time zone,
    put_at timestamp with time zone NOT NULL,
    withdrawn_at timestamp with time zone,
    telling_after text COLLATE pg_catalog."C",
    seek_slot smallint,
    seek_after text COLLATE pg_catalog."C",
    sought_until timestamp with time zone
);

CREATE TABLE public.audience_pace (
    only_row boolean DEFAULT true NOT NULL,
    next_at timestamp with time zone NOT NULL,
    CONSTRAINT audience_pace_only_row_check CHECK (only_row)
);

CREATE TABLE public.audiences (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    customers text[],
    segment text COLLATE pg_catalog."C",
    attributes_type text NOT NULL COLLATE pg_catalog."C",
    show_at timestamp with time zone,
    revision uuid,
    after text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    turn_at timestamp with time zone NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    stopped_at timestamp with time zone,
    over_at timestamp with time zone
);

CREATE TABLE public.card_fact_slots (
    slot smallint NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE public.card_facts (
    slot smallint NOT NULL,
    "position" bigint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    card_id uuid NOT NULL,
    type text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    device_id text COLLATE pg_catalog."C",
    customer_id text COLLATE pg_catalog."C",
    app text NOT NULL,
    attributes_type text NOT NULL COLLATE pg_catalog."C",
    generation smallint NOT NULL,
    CONSTRAINT card_facts_type_check CHECK ((type = ANY (ARRAY['card.started'::text, 'card.failed'::text, 'card.dismissed'::text, 'card.ended'::text])))
);

CREATE TABLE public.card_streams (
    only_row boolean DEFAULT true NOT NULL,
    read_at timestamp with time zone NOT NULL,
    CONSTRAINT card_streams_only_row_check CHECK (only_row)
);

CREATE TABLE public.cards (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    card_id uuid NOT NULL,
    device_id text NOT NULL COLLATE pg_catalog."C",
    customer_id text COLLATE pg_catalog."C",
    app text NOT NULL,
    attributes_type text NOT NULL COLLATE pg_catalog."C",
    generation smallint NOT NULL,
    carrier text DEFAULT 'token'::text NOT NULL,
    starter text NOT NULL,
    lane smallint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    debt bigint DEFAULT 0 NOT NULL,
    activity_id text,
    reported_state text,
    reported_at timestamp with time zone,
    reported_id text,
    token_hash bytea,
    token_sealed bytea,
    token_registered_at timestamp with time zone,
    replaced_at timestamp with time zone,
    phase text DEFAULT 'wanted'::text NOT NULL,
    blocked_until timestamp with time zone,
    lease bigint DEFAULT 0 NOT NULL,
    leased_at timestamp with time zone,
    considered_version bigint DEFAULT 0 NOT NULL,
    timestamp_used bigint DEFAULT 0 NOT NULL,
    timestamp_reserved bigint DEFAULT 0 NOT NULL,
    alerted_version bigint DEFAULT 0 NOT NULL,
    intent_kind text,
    intent_version bigint,
    intent_alert bigint,
    intent_timestamp bigint,
    intent_apns_id uuid,
    intent_at timestamp with time zone,
    accepted_version bigint,
    accepted_hash bytea,
    accepted_at timestamp with time zone,
    started_at timestamp with time zone,
    refused_hash bytea,
    suspect_hash bytea,
    recalled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    restarts integer DEFAULT 0 NOT NULL,
    outcome text,
    why text,
    outcome_at timestamp with time zone,
    claim_at timestamp with time zone GENERATED ALWAYS AS (
CASE
    WHEN (due_at IS NULL) THEN NULL::timestamp with time zone
    ELSE GREATEST(due_at, blocked_until)
END) STORED,
    environment text NOT NULL,
    last_answer text,
    same_answers integer DEFAULT 0 NOT NULL,
    unreported boolean DEFAULT false NOT NULL,
    tried_hash bytea,
    tried_environment text,
    asked text,
    asked_at timestamp with time zone,
    freshness text,
    leased_until timestamp with time zone,
    channel uuid,
    CONSTRAINT cards_asked_check CHECK ((asked = ANY (ARRAY['end'::text, 'resend'::text]))),
    CONSTRAINT cards_carrier_check CHECK ((carrier = ANY (ARRAY['token'::text, 'channel'::text]))),
    CONSTRAINT cards_environment_check CHECK ((environment = ANY (ARRAY['sandbox'::text, 'production'::text, 'fcm'::text]))),
    CONSTRAINT cards_freshness_check CHECK ((freshness = ANY (ARRAY['fresh'::text, 'late'::text, 'stale'::text]))),
    CONSTRAINT cards_intent_kind_check CHECK ((intent_kind = ANY (ARRAY['start'::text, 'update'::text, 'end'::text, 'alert'::text]))),
    CONSTRAINT cards_phase_check CHECK ((phase = ANY (ARRAY['wanted'::text, 'starting'::text, 'shown'::text, 'ending'::text, 'over'::text]))),
    CONSTRAINT cards_reported_state_check CHECK ((reported_state = ANY (ARRAY['starting'::text, 'active'::text, 'dismissed'::text, 'ended'::text]))),
    CONSTRAINT cards_starter_check CHECK ((starter = ANY (ARRAY['server'::text, 'app'::text, 'app_first'::text, 'other'::text])))
)
WITH (fillfactor='60', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE public.channel_lists (
    app text NOT NULL,
    environment text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    debt bigint DEFAULT 0 NOT NULL,
    leased_until timestamp with time zone,
    listed_at timestamp with time zone,
    channels integer,
    outcome text,
    why text
);

CREATE TABLE public.channels (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    channel uuid NOT NULL,
    app text NOT NULL,
    environment text NOT NULL,
    attributes_type text NOT NULL COLLATE pg_catalog."C",
    generation smallint NOT NULL,
    storage text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    debt bigint DEFAULT 0 NOT NULL,
    phase text DEFAULT 'wanted'::text NOT NULL,
    channel_id text,
    lost boolean DEFAULT false NOT NULL,
    blocked_until timestamp with time zone,
    lease bigint DEFAULT 0 NOT NULL,
    leased_at timestamp with time zone,
    leased_until timestamp with time zone,
    considered_version bigint DEFAULT 0 NOT NULL,
    timestamp_used bigint DEFAULT 0 NOT NULL,
    timestamp_reserved bigint DEFAULT 0 NOT NULL,
    alerted_version bigint DEFAULT 0 NOT NULL,
    accepted_version bigint,
    accepted_hash bytea,
    accepted_at timestamp with time zone,
    published_at timestamp with time zone,
    published bigint DEFAULT 0 NOT NULL,
    freshness text,
    attempts integer DEFAULT 0 NOT NULL,
    last_answer text,
    same_answers integer DEFAULT 0 NOT NULL,
    outcome text,
    why text,
    outcome_at timestamp with time zone,
    claim_at timestamp with time zone GENERATED ALWAYS AS (
CASE
    WHEN (due_at IS NULL) THEN NULL::timestamp with time zone
    ELSE GREATEST(due_at, blocked_until)
END) STORED,
    resend_asked_at timestamp with time zone,
    end_asked_at timestamp with time zone,
    missing_at timestamp with time zone,
    CONSTRAINT channels_phase_check CHECK ((phase = ANY (ARRAY['wanted'::text, 'creating'::text, 'open'::text, 'closing'::text, 'ended'::text, 'gone'::text]))),
    CONSTRAINT channels_storage_check CHECK ((storage = ANY (ARRAY['none'::text, 'latest'::text])))
)
WITH (fillfactor='60', autovacuum_vacuum_scale_factor='0.02');

CREATE TABLE public.console_tickets (
    hash bytea NOT NULL,
    scopes text[] NOT NULL,
    session_seconds integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.customer_tags (
    customer_id text NOT NULL COLLATE pg_catalog."C",
    tags text[] NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    match_due_at timestamp with time zone,
    match_count bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.customer_views (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    customer_id text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    status_version bigint DEFAULT 0 NOT NULL,
    orders json DEFAULT '[]'::json NOT NULL,
    fingerprint bytea,
    alerts json DEFAULT '[]'::json NOT NULL,
    last_order text COLLATE pg_catalog."C",
    over boolean DEFAULT true NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    gathered_at timestamp with time zone NOT NULL
);

CREATE TABLE public.definitions (
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    body json,
    saved_at timestamp with time zone NOT NULL
);

CREATE TABLE public.device_assets (
    device_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    sha256 text NOT NULL COLLATE pg_catalog."C",
    problem text,
    dropping boolean DEFAULT false NOT NULL
);

CREATE TABLE public.devices (
    device_id text NOT NULL COLLATE pg_catalog."C",
    customer_id text COLLATE pg_catalog."C",
    app text NOT NULL,
    environment text NOT NULL,
    ios_version text,
    app_build text,
    locale text,
    activities_enabled boolean NOT NULL,
    frequent_pushes boolean NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone NOT NULL,
    forgotten_at timestamp with time zone,
    unreported_starts integer DEFAULT 0 NOT NULL,
    match_due_at timestamp with time zone,
    match_count bigint DEFAULT 0 NOT NULL,
    start_credit double precision,
    start_credit_at timestamp with time zone,
    urgent_credit double precision,
    urgent_credit_at timestamp with time zone,
    alert_token_hash bytea,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    android_version text,
    CONSTRAINT devices_environment_check CHECK ((environment = ANY (ARRAY['sandbox'::text, 'production'::text, 'fcm'::text]))),
    CONSTRAINT devices_platform_check CHECK ((((ios_version IS NULL) = (environment = 'fcm'::text)) AND ((android_version IS NOT NULL) = (environment = 'fcm'::text))))
);

CREATE TABLE public.erasures (
    customer_id text NOT NULL COLLATE pg_catalog."C",
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone
);

CREATE TABLE public.etas (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    delivery_time timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    changed_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    recorded_delivery_time timestamp with time zone,
    recorded_of timestamp with time zone,
    recorded_version bigint,
    recorded_at timestamp with time zone
)
WITH (fillfactor='50');

CREATE TABLE public.events (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    schema_version smallint NOT NULL,
    digest bytea NOT NULL,
    data json NOT NULL,
    sealed bytea,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    trace text,
    extensions bytea
);

CREATE TABLE public.fan_outs (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    raised_at timestamp with time zone NOT NULL,
    after uuid,
    members boolean DEFAULT false NOT NULL
);

CREATE TABLE public.feed (
    slot smallint NOT NULL,
    "position" bigint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL
);

CREATE TABLE public.feed_slots (
    slot smallint NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    leapt_from bigint DEFAULT 0 NOT NULL,
    leapt_to bigint DEFAULT 0 NOT NULL,
    swept_to text DEFAULT ''::text COLLATE pg_catalog."C",
    origin text
);

CREATE TABLE public.heads (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    last_recorded_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    archived_at timestamp with time zone,
    archived_to text,
    archived_customer_id text COLLATE pg_catalog."C",
    CONSTRAINT heads_slot_check CHECK (((slot >= 0) AND (slot <= 255)))
)
WITH (fillfactor='70');

CREATE TABLE public.slots (
    slot smallint NOT NULL,
    generation smallint DEFAULT 1 NOT NULL,
    fold_version integer,
    previous_generation smallint,
    previous_fold_version integer,
    CONSTRAINT slots_slot_check CHECK (((slot >= 0) AND (slot <= 255)))
);

CREATE TABLE public.views (
    slot smallint NOT NULL,
    generation smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    prev_version bigint NOT NULL,
    state json NOT NULL,
    sealed bytea,
    fingerprint bytea NOT NULL,
    folded_at timestamp with time zone NOT NULL,
    customer_id text COLLATE pg_catalog."C",
    status text,
    over boolean DEFAULT false NOT NULL,
    match_due_at timestamp with time zone,
    match_count bigint DEFAULT 0 NOT NULL,
    quarantined_at timestamp with time zone,
    held_by_fold integer,
    error bytea,
    crowd boolean DEFAULT false NOT NULL,
    held_for text COLLATE pg_catalog."C"
)
WITH (fillfactor='60');

CREATE VIEW public.finished AS
 SELECT h.slot,
    h.subject_id,
    h.version,
    h.last_recorded_at,
    s.fold_version,
    v.state,
    v.sealed,
    v.fingerprint
   FROM ((public.heads h
     JOIN public.slots s ON ((s.slot = h.slot)))
     JOIN public.views v ON (((v.slot = h.slot) AND (v.generation = s.generation) AND (v.subject_id = h.subject_id))))
  WHERE ((h.settled_at IS NOT NULL) AND (h.archived_at IS NULL) AND (v.version = h.version) AND v.over AND (v.quarantined_at IS NULL) AND (v.held_by_fold IS NULL) AND (v.match_due_at IS NULL) AND (NOT (EXISTS ( SELECT
           FROM public.cards c
          WHERE ((c.slot = h.slot) AND (c.subject_id = h.subject_id) AND ((c.phase <> 'over'::text) OR (c.due_at IS NOT NULL) OR (c.leased_at IS NOT NULL)))))) AND (NOT (EXISTS ( SELECT
           FROM public.channels c
          WHERE ((c.slot = h.slot) AND (c.subject_id = h.subject_id) AND ((c.phase <> 'gone'::text) OR (c.leased_at IS NOT NULL)))))) AND (NOT (EXISTS ( SELECT
           FROM public.fan_outs o
          WHERE ((o.slot = h.slot) AND (o.subject_id = h.subject_id))))) AND ((NOT (EXISTS ( SELECT
           FROM public.feed_slots o
          WHERE (o.slot = h.slot)))) OR (EXISTS ( SELECT
           FROM public.feed f
          WHERE ((f.slot = h.slot) AND (f.subject_id = h.subject_id) AND (f.version = h.version))))));

CREATE TABLE public.keyring (
    name text NOT NULL COLLATE pg_catalog."C",
    wrapped bytea NOT NULL,
    created_at timestamp with time zone DEFAULT public.lockstep_now() NOT NULL
);

CREATE TABLE public.order_list (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    over boolean NOT NULL,
    customer_id text COLLATE pg_catalog."C",
    trouble text COLLATE pg_catalog."C",
    changed_at timestamp with time zone NOT NULL,
    failed boolean DEFAULT false NOT NULL,
    CONSTRAINT order_list_trouble_check CHECK ((trouble = ANY (ARRAY['quarantined'::text, 'held'::text])))
);

CREATE TABLE public.order_list_slots (
    slot smallint NOT NULL,
    changed_at timestamp with time zone NOT NULL
)
WITH (fillfactor='20');

CREATE TABLE public.outages (
    environment text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    why text NOT NULL,
    CONSTRAINT outages_environment_check CHECK ((environment = ANY (ARRAY['sandbox'::text, 'production'::text, 'fcm'::text])))
);

CREATE TABLE public.pauses (
    kind text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    paused_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    CONSTRAINT pauses_kind_check CHECK ((kind = ANY (ARRAY['all'::text, 'app'::text, 'type'::text, 'topic'::text, 'credential'::text, 'endpoint'::text, 'channels'::text])))
);

CREATE TABLE public.personal_reads (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    reader text NOT NULL COLLATE pg_catalog."C",
    what text NOT NULL COLLATE pg_catalog."C",
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    times bigint NOT NULL
);

CREATE TABLE public.provider_tokens (
    team_id text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL COLLATE pg_catalog."C",
    sealed bytea NOT NULL,
    issued_at timestamp with time zone NOT NULL
);

CREATE TABLE public.push_tokens (
    app text NOT NULL COLLATE pg_catalog."C",
    environment text NOT NULL COLLATE pg_catalog."C",
    token_hash bytea NOT NULL,
    token_sealed bytea NOT NULL,
    device_id text NOT NULL COLLATE pg_catalog."C",
    registered_at timestamp with time zone NOT NULL,
    refused_at timestamp with time zone,
    works_in text,
    blocked_until timestamp with time zone,
    CONSTRAINT push_tokens_works_in_check CHECK ((works_in = ANY (ARRAY['sandbox'::text, 'production'::text])))
);

CREATE UNLOGGED TABLE public.quotas (
    key_id text NOT NULL COLLATE pg_catalog."C",
    left_over double precision NOT NULL,
    granted double precision NOT NULL,
    counted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.rebuilds (
    slot smallint NOT NULL,
    generation smallint NOT NULL,
    fold_version integer NOT NULL,
    back boolean NOT NULL,
    built_to text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    push_changes boolean DEFAULT false NOT NULL,
    moved_at timestamp with time zone,
    CONSTRAINT rebuilds_slot_check CHECK (((slot >= 0) AND (slot <= 255)))
);

CREATE TABLE public.receipts (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    card_id uuid NOT NULL,
    lease bigint NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    folded_at timestamp with time zone,
    kind text NOT NULL,
    version bigint NOT NULL,
    why text NOT NULL,
    outcome text NOT NULL,
    apns_id uuid NOT NULL,
    "timestamp" bigint NOT NULL,
    priority smallint NOT NULL,
    status smallint,
    reason text,
    sealed bytea,
    demoted boolean DEFAULT false NOT NULL
)
PARTITION BY RANGE (sent_at);

CREATE TABLE public.receipts_other (
    slot smallint CONSTRAINT receipts_slot_not_null NOT NULL,
    subject_id text CONSTRAINT receipts_subject_id_not_null NOT NULL COLLATE pg_catalog."C",
    card_id uuid CONSTRAINT receipts_card_id_not_null NOT NULL,
    lease bigint CONSTRAINT receipts_lease_not_null NOT NULL,
    sent_at timestamp with time zone CONSTRAINT receipts_sent_at_not_null NOT NULL,
    answered_at timestamp with time zone CONSTRAINT receipts_answered_at_not_null NOT NULL,
    folded_at timestamp with time zone,
    kind text CONSTRAINT receipts_kind_not_null NOT NULL,
    version bigint CONSTRAINT receipts_version_not_null NOT NULL,
    why text CONSTRAINT receipts_why_not_null NOT NULL,
    outcome text CONSTRAINT receipts_outcome_not_null NOT NULL,
    apns_id uuid CONSTRAINT receipts_apns_id_not_null NOT NULL,
    "timestamp" bigint CONSTRAINT receipts_timestamp_not_null NOT NULL,
    priority smallint CONSTRAINT receipts_priority_not_null NOT NULL,
    status smallint,
    reason text,
    sealed bytea,
    demoted boolean DEFAULT false CONSTRAINT receipts_demoted_not_null NOT NULL
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.segment_ids (
    name text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    added_at timestamp with time zone NOT NULL
);

CREATE TABLE public.segments (
    name text NOT NULL COLLATE pg_catalog."C",
    filter text,
    ids_of text,
    revision uuid NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT segments_check CHECK (((filter IS NULL) <> (ids_of IS NULL))),
    CONSTRAINT segments_ids_of_check CHECK ((ids_of = ANY (ARRAY['customers'::text, 'devices'::text])))
);

CREATE TABLE public.senders (
    source text NOT NULL COLLATE pg_catalog."C",
    secret_sealed bytea NOT NULL,
    previous_sealed bytea,
    previous_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.shadows (
    kind text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT shadows_kind_check CHECK ((kind = ANY (ARRAY['all'::text, 'app'::text, 'type'::text, 'share'::text])))
);

CREATE TABLE public.start_tokens (
    device_id text NOT NULL COLLATE pg_catalog."C",
    attributes_type text NOT NULL COLLATE pg_catalog."C",
    token_hash bytea NOT NULL,
    ios_version text
);

CREATE VIEW public.started_phones AS
 SELECT DISTINCT ON (slot, subject_id, device_id) slot,
    subject_id,
    device_id,
    card_id,
    customer_id,
    outcome_at,
    why,
    outcome,
    reason
   FROM ( SELECT c.slot,
            c.subject_id,
            c.device_id,
            c.card_id,
            c.customer_id,
            c.generation,
            c.outcome_at,
            c.why,
                CASE
                    WHEN o.accepted THEN 'accepted'::text
                    WHEN o.under_way THEN 'waiting'::text
                    WHEN o.sent THEN 'unknown'::text
                    WHEN o.refused THEN 'rejected'::text
                    WHEN (c.phase = 'over'::text) THEN 'left_out'::text
                    ELSE 'waiting'::text
                END AS outcome,
                CASE
                    WHEN o.accepted THEN
                    CASE
                        WHEN (c.reported_state = ANY (ARRAY['dismissed'::text, 'ended'::text])) THEN c.reported_state
                        WHEN o.told THEN 'shown'::text
                        ELSE 'not_reported'::text
                    END
                    WHEN o.under_way THEN 'under_way'::text
                    WHEN o.sent THEN 'no_answer'::text
                    WHEN o.refused THEN COALESCE(c.last_answer, c.outcome)
                    ELSE COALESCE(
                    CASE c.outcome
                        WHEN 'waiting'::text THEN c.why
                        ELSE c.outcome
                    END, 'due'::text)
                END AS reason
           FROM ((public.cards c
             CROSS JOIN LATERAL ( SELECT ((c.reported_state IS NOT NULL) OR (c.token_hash IS NOT NULL)) AS told) t)
             CROSS JOIN LATERAL ( SELECT t.told,
                    (t.told OR (c.accepted_version IS NOT NULL)) AS accepted,
                    (c.leased_until > ( SELECT public.lockstep_now() AS lockstep_now)) AS under_way,
                    ((c.phase = ANY (ARRAY['starting'::text, 'shown'::text, 'ending'::text])) OR (c.started_at IS NOT NULL)) AS sent,
                    ((c.outcome = ANY (ARRAY['refused'::text, 'failed'::text])) OR ((c.outcome = 'waiting'::text) AND (c.last_answer = ANY (ARRAY['Unregistered'::text, 'ExpiredToken'::text, 'BadDeviceToken'::text, 'DeviceTokenNotForTopic'::text])))) AS refused) o)) p
  ORDER BY slot, subject_id, device_id, (outcome <> 'accepted'::text), (outcome <> 'unknown'::text), generation DESC;

CREATE TABLE public.subject_keys (
    slot smallint NOT NULL,
    subject_id text NOT NULL COLLATE pg_catalog."C",
    wrapped bytea,
    erased_at timestamp with time zone
);

CREATE TABLE public.test_clock (
    only_row boolean DEFAULT true NOT NULL,
    ahead interval NOT NULL,
    CONSTRAINT test_clock_check CHECK ((current_database() ~~ '%\_test%'::text)),
    CONSTRAINT test_clock_only_row_check CHECK (only_row)
);

CREATE TABLE public.unknown_channels (
    app text NOT NULL,
    environment text NOT NULL,
    channel_id text NOT NULL COLLATE pg_catalog."C",
    listed_at timestamp with time zone NOT NULL,
    delete_asked_at timestamp with time zone
);

CREATE TABLE public.webhook_attempts (
    slot smallint NOT NULL,
    "position" bigint NOT NULL,
    webhook text NOT NULL COLLATE pg_catalog."C",
    lease bigint NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    status smallint,
    error text
);

CREATE TABLE public.webhook_deliveries (
    slot smallint NOT NULL,
    "position" bigint NOT NULL,
    webhook text NOT NULL COLLATE pg_catalog."C",
    due_at timestamp with time zone,
    lease bigint DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    delivered_at timestamp with time zone,
    dead_at timestamp with time zone
)
WITH (fillfactor='70');

CREATE TABLE public.webhooks (
    name text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL,
    types text[] NOT NULL,
    secret_sealed bytea NOT NULL,
    previous_sealed bytea,
    previous_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    failing_since timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    blocked_until timestamp with time zone,
    disabled_at timestamp with time zone,
    disabled_why text
);

ALTER TABLE ONLY public.receipts ATTACH PARTITION public.receipts_other DEFAULT;

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.asset_debts
    ADD CONSTRAINT asset_debts_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY public.asset_uses
    ADD CONSTRAINT asset_uses_pkey PRIMARY KEY (device_id, card_id, key);

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (key, sha256);

ALTER TABLE ONLY public.audience_pace
    ADD CONSTRAINT audience_pace_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.audiences
    ADD CONSTRAINT audiences_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.card_fact_slots
    ADD CONSTRAINT card_fact_slots_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.card_facts
    ADD CONSTRAINT card_facts_pkey PRIMARY KEY (slot, "position");

ALTER TABLE ONLY public.card_streams
    ADD CONSTRAINT card_streams_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_pkey PRIMARY KEY (slot, subject_id, card_id);

ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_slot_subject_id_device_id_attributes_type_generation_key UNIQUE (slot, subject_id, device_id, attributes_type, generation);

ALTER TABLE ONLY public.channel_lists
    ADD CONSTRAINT channel_lists_pkey PRIMARY KEY (app, environment);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_pkey PRIMARY KEY (slot, subject_id, channel);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_slot_subject_id_app_environment_attributes_type_ge_key UNIQUE (slot, subject_id, app, environment, attributes_type, generation);

ALTER TABLE ONLY public.console_tickets
    ADD CONSTRAINT console_tickets_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.customer_tags
    ADD CONSTRAINT customer_tags_pkey PRIMARY KEY (customer_id);

ALTER TABLE ONLY public.customer_views
    ADD CONSTRAINT customer_views_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.definitions
    ADD CONSTRAINT definitions_pkey PRIMARY KEY (name, version);

ALTER TABLE ONLY public.device_assets
    ADD CONSTRAINT device_assets_pkey PRIMARY KEY (device_id, key, sha256);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (customer_id);

ALTER TABLE ONLY public.etas
    ADD CONSTRAINT etas_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (slot, subject_id, version);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_slot_subject_id_source_event_id_key UNIQUE (slot, subject_id, source, event_id);

ALTER TABLE ONLY public.fan_outs
    ADD CONSTRAINT fan_outs_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.feed
    ADD CONSTRAINT feed_pkey PRIMARY KEY (slot, "position");

ALTER TABLE ONLY public.feed
    ADD CONSTRAINT feed_slot_subject_id_version_key UNIQUE (slot, subject_id, version);

ALTER TABLE ONLY public.feed_slots
    ADD CONSTRAINT feed_slots_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.heads
    ADD CONSTRAINT heads_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.keyring
    ADD CONSTRAINT keyring_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.order_list
    ADD CONSTRAINT order_list_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.order_list_slots
    ADD CONSTRAINT order_list_slots_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.outages
    ADD CONSTRAINT outages_pkey PRIMARY KEY (environment);

ALTER TABLE ONLY public.pauses
    ADD CONSTRAINT pauses_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY public.personal_reads
    ADD CONSTRAINT personal_reads_pkey PRIMARY KEY (slot, subject_id, day, reader, what);

ALTER TABLE ONLY public.provider_tokens
    ADD CONSTRAINT provider_tokens_pkey PRIMARY KEY (team_id, key_id);

ALTER TABLE ONLY public.push_tokens
    ADD CONSTRAINT push_tokens_pkey PRIMARY KEY (app, environment, token_hash);

ALTER TABLE ONLY public.quotas
    ADD CONSTRAINT quotas_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.rebuilds
    ADD CONSTRAINT rebuilds_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.receipts
    ADD CONSTRAINT receipts_pkey PRIMARY KEY (slot, subject_id, card_id, lease, sent_at);

ALTER TABLE ONLY public.receipts_other
    ADD CONSTRAINT receipts_other_pkey PRIMARY KEY (slot, subject_id, card_id, lease, sent_at);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.segment_ids
    ADD CONSTRAINT segment_ids_pkey PRIMARY KEY (name, id);

ALTER TABLE ONLY public.segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.senders
    ADD CONSTRAINT senders_pkey PRIMARY KEY (source);

ALTER TABLE ONLY public.shadows
    ADD CONSTRAINT shadows_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY public.slots
    ADD CONSTRAINT slots_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.start_tokens
    ADD CONSTRAINT start_tokens_pkey PRIMARY KEY (device_id, attributes_type);

ALTER TABLE ONLY public.subject_keys
    ADD CONSTRAINT subject_keys_pkey PRIMARY KEY (slot, subject_id);

ALTER TABLE ONLY public.test_clock
    ADD CONSTRAINT test_clock_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.unknown_channels
    ADD CONSTRAINT unknown_channels_pkey PRIMARY KEY (app, environment, channel_id);

ALTER TABLE ONLY public.views
    ADD CONSTRAINT views_pkey PRIMARY KEY (slot, generation, subject_id);

ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_pkey PRIMARY KEY (slot, "position", webhook, lease);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (slot, "position", webhook);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (name);

CREATE INDEX asset_debts_to_claim ON public.asset_debts USING btree (claim_at) WHERE (claim_at IS NOT NULL);

CREATE INDEX asset_uses_of_key ON public.asset_uses USING btree (key, device_id);

CREATE INDEX assets_to_seek ON public.assets USING btree (key) WHERE (seek_slot IS NOT NULL);

CREATE INDEX assets_to_tell ON public.assets USING btree (key) WHERE (telling_after IS NOT NULL);

CREATE INDEX audiences_due ON public.audiences USING btree (slot, turn_at) WHERE ((done_at IS NULL) AND (stopped_at IS NULL) AND (over_at IS NULL));

CREATE INDEX audiences_of_customers ON public.audiences USING gin (customers) WHERE (over_at IS NULL);

CREATE INDEX audiences_open ON public.audiences USING btree (slot, subject_id) WHERE ((customers IS NULL) AND (over_at IS NULL));

CREATE INDEX card_facts_of_customer ON public.card_facts USING btree (slot, customer_id) WHERE (customer_id IS NOT NULL);

CREATE INDEX cards_of_channel ON public.cards USING btree (slot, subject_id, channel, started_at) WHERE (carrier = 'channel'::text);

CREATE INDEX cards_of_device ON public.cards USING btree (device_id, slot) WHERE (phase <> 'over'::text);

CREATE INDEX cards_to_claim ON public.cards USING btree (slot, lane, environment, claim_at) WHERE ((claim_at IS NOT NULL) OR (phase <> 'over'::text));

CREATE INDEX channels_at_work ON public.channels USING btree (slot, app, environment) WHERE (phase <> 'gone'::text);

CREATE INDEX channels_to_claim ON public.channels USING btree (slot, claim_at) WHERE (claim_at IS NOT NULL);

CREATE INDEX customer_tags_to_match ON public.customer_tags USING btree (match_due_at) WHERE (match_due_at IS NOT NULL);

CREATE INDEX device_assets_of_key ON public.device_assets USING btree (key, device_id);

CREATE INDEX devices_of_customer ON public.devices USING btree (customer_id) WHERE (customer_id IS NOT NULL);

CREATE INDEX devices_to_match ON public.devices USING btree (match_due_at) WHERE (match_due_at IS NOT NULL);

CREATE INDEX etas_due ON public.etas USING btree (slot, due_at);

CREATE INDEX heads_unsettled ON public.heads USING btree (slot, subject_id) WHERE (settled_at IS NULL);

CREATE INDEX order_list_by_status ON public.order_list USING btree (status, changed_at, subject_id);

CREATE INDEX order_list_in_trouble ON public.order_list USING btree (changed_at, subject_id) WHERE ((trouble IS NOT NULL) OR failed);

CREATE INDEX order_list_of_customer ON public.order_list USING btree (customer_id, changed_at, subject_id) WHERE (customer_id IS NOT NULL);

CREATE INDEX personal_reads_by_day ON public.personal_reads USING btree (slot, day);

CREATE INDEX push_tokens_of_device ON public.push_tokens USING btree (device_id);

CREATE INDEX views_in_trouble ON public.views USING btree (slot) WHERE ((quarantined_at IS NOT NULL) OR (held_by_fold IS NOT NULL));

CREATE INDEX views_of_crowds ON public.views USING btree (slot, generation, subject_id) WHERE crowd;

CREATE INDEX views_open_of_customer ON public.views USING btree (customer_id, slot) WHERE ((customer_id IS NOT NULL) AND (NOT over));

CREATE INDEX views_to_match ON public.views USING btree (slot, generation, match_due_at) WHERE (match_due_at IS NOT NULL);

CREATE INDEX webhook_deliveries_dead ON public.webhook_deliveries USING btree (slot, webhook, dead_at) WHERE (dead_at IS NOT NULL);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (slot, webhook, due_at) WHERE (due_at IS NOT NULL);

ALTER INDEX public.receipts_pkey ATTACH PARTITION public.receipts_other_pkey;

CREATE TRIGGER events_are_facts BEFORE DELETE OR UPDATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_changing_events();
