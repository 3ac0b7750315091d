-- A change of the root key: who knows which keys, and what retired ones leave.

-- Processes at work on this data. Nothing is sealed under a root key that one of them does not know.
CREATE TABLE key_holders (
    id            TEXT   PRIMARY KEY,                -- of the process, made at its start
    node          TEXT   NOT NULL,                   -- what it is: serve, cli
    knows         TEXT   NOT NULL,                   -- ids of the root keys that it has; the first seals
    seen_at       BIGINT NOT NULL                    -- its last sign of life
);

-- Keys derived from a root key that was retired, which verify and find, and open nothing: under the one in use.
CREATE TABLE former_keys (
    id               TEXT   PRIMARY KEY,             -- of the root key
    remainder_sealed BYTEA  NOT NULL,
    retired_at       BIGINT NOT NULL
);
