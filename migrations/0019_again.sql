-- Letters that are sent once more, and what their senders hear of a link: what somebody says on its page without a code,
-- and codes that could not be sent.

ALTER TABLE deliveries ADD COLUMN again_id TEXT;                          -- the delivery in its place, once its sender said so

CREATE TABLE asides (
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    said          TEXT   NOT NULL,                   -- word: again, not-mine, no-code
    said_at       BIGINT NOT NULL,                   -- when it was, the last time that its sender is told of
    failure       TEXT,                              -- word: why no code could be sent
    told_at       BIGINT,                            -- when its sender was told; NULL: not yet
    PRIMARY KEY (delivery_id, said)
);
