-- What an operator asks of cards that follow a channel is asked of the channel; and an alert that is about to be spoken is
-- written apart from those that were: one that provably was not is spoken again.

ALTER TABLE channels
    ADD COLUMN resend_asked_at timestamptz,
    ADD COLUMN end_asked_at    timestamptz,
    ADD COLUMN intent_alert    bigint;
