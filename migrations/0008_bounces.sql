-- Who answered a notice by mail, and is told that nobody reads that: once in a day, whatever comes.

CREATE TABLE answers (
    id            TEXT   PRIMARY KEY,
    address_hash  BYTEA  NOT NULL UNIQUE,            -- keyed, of who wrote
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    writer_sealed BYTEA,                             -- address and Message-ID; NULL once the answer left or was given up
    attempts      BIGINT NOT NULL,
    answered_at   BIGINT NOT NULL,                   -- when it was put in
    due_at        BIGINT,                            -- when it is tried next; NULL: it is not
    lease_until   BIGINT NOT NULL
);
CREATE INDEX answers_by_delivery ON answers (delivery_id, answered_at);
CREATE INDEX answers_by_due ON answers (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX answers_by_age ON answers (answered_at);
