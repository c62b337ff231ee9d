-- What an operator asks of cards that follow a channel is asked of the channel.

ALTER TABLE channels
    ADD COLUMN resend_asked_at timestamptz,
    ADD COLUMN end_asked_at    timestamptz;
