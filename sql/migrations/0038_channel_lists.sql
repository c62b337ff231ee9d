-- Apple's lists of channels, compared with ours now and then: when, for which app and environment, and what was found.

CREATE TABLE channel_lists (
    app          text        NOT NULL,
    environment  text        NOT NULL,
    due_at       timestamptz NOT NULL,
    debt         bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz,
    listed_at    timestamptz,
    channels     integer,
    outcome      text,
    why          text,
    PRIMARY KEY (app, environment)
);

INSERT INTO channel_lists (app, environment, due_at)
SELECT DISTINCT app, environment, now()
FROM channels;

-- Channels that Apple lists and no row of ours has: a request to make one whose answer was lost, or somebody else's.
CREATE TABLE unknown_channels (
    app             text        NOT NULL,
    environment     text        NOT NULL,
    channel_id      text        NOT NULL COLLATE "C",
    listed_at       timestamptz NOT NULL,
    delete_asked_at timestamptz,
    PRIMARY KEY (app, environment, channel_id)
);

-- Apple's list lacked it then: it is asked whether it is there. NULL: nothing says that it is not.
ALTER TABLE channels ADD COLUMN missing_at timestamptz;
