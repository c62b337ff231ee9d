-- What each API key may still ask for: a bucket that every API process draws blocks from. Nothing is lost with it but a
-- count, so that it costs no write-ahead log.

CREATE UNLOGGED TABLE quotas (
    key_id     text             PRIMARY KEY COLLATE "C",
    left_over  double precision NOT NULL,
    granted    double precision NOT NULL,
    counted_at timestamptz      NOT NULL
);
