-- Who has not opened a letter is reminded: by mail, then by a short message or a call.

ALTER TABLE deliveries ADD COLUMN remind_at BIGINT;                       -- when the next reminder is due; NULL: none is
ALTER TABLE deliveries ADD COLUMN reminder TEXT;                          -- word: how it goes: mail, sms, voice
CREATE INDEX deliveries_by_reminder ON deliveries (remind_at) WHERE remind_at IS NOT NULL;

ALTER TABLE outbox ADD COLUMN reminder BIGINT NOT NULL DEFAULT 0;         -- 1: the notice went before, this reminds of it
ALTER TABLE outbox ADD COLUMN told_at BIGINT;                             -- when its sender was told that it is late
