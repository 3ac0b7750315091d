-- Browsers that a patient had remembered: links to the same person open in them without a code, until a day.

CREATE TABLE remembered_browsers (
    id            TEXT   PRIMARY KEY,
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,  -- whose code was typed: whom it knows
    token_hash    BYTEA  NOT NULL UNIQUE,            -- keyed hash of the cookie
    proof_sealed  BYTEA  NOT NULL,                   -- the delivery's id, under the cookie and the root key
    created_at    BIGINT NOT NULL,                   -- when the code was typed
    expires_at    BIGINT NOT NULL
);
CREATE INDEX remembered_browsers_by_delivery ON remembered_browsers (delivery_id);
CREATE INDEX remembered_browsers_by_end ON remembered_browsers (expires_at);
