-- Letters that are sent once more, and what somebody says on a link's page without a code.

ALTER TABLE deliveries ADD COLUMN again_id TEXT;                          -- the delivery in its place, once its sender said so

CREATE TABLE asides (
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    said          TEXT   NOT NULL,                   -- word: again, not-mine
    said_at       BIGINT NOT NULL,                   -- when its sender was last told
    PRIMARY KEY (delivery_id, said)
);
