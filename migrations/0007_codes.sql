-- Codes on their way: which provider was tried, what became of it, and how much may still be sent today.

ALTER TABLE challenges ADD COLUMN language TEXT NOT NULL DEFAULT 'fr';    -- of the text
ALTER TABLE challenges ADD COLUMN prefix_hash BYTEA;                      -- keyed, of the number but for its last seven digits
ALTER TABLE challenges ADD COLUMN due_at BIGINT;                          -- when the next provider is tried; NULL: not by itself
ALTER TABLE challenges ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;  -- until when a node works on it
ALTER TABLE challenges ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;      -- the last sign of the page that waits for the code
ALTER TABLE challenges ADD COLUMN pressed_at BIGINT NOT NULL DEFAULT 0;   -- the patient said that it did not arrive
CREATE INDEX challenges_by_due ON challenges (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX challenges_by_prefix ON challenges (prefix_hash, created_at);

-- One attempt to send a code, by one provider.
CREATE TABLE sends (
    id               TEXT   PRIMARY KEY,
    challenge_id     TEXT   REFERENCES challenges (id) ON DELETE SET NULL,  -- NULL: a test, or the challenge is pruned
    step             BIGINT NOT NULL,               -- its place in the cascade
    provider         TEXT   NOT NULL,               -- its channel and its name in the settings
    channel          TEXT   NOT NULL,
    state            TEXT   NOT NULL,               -- word: pending, accepted, delivered, failed, lost
    failure          TEXT,
    reference_hash   BYTEA,                         -- keyed, of what the provider calls it
    reference_sealed BYTEA,                         -- the same, for a provider that is asked
    parts            BIGINT NOT NULL,               -- of a short message; 1 for a call
    cost             BIGINT NOT NULL,               -- in millionths of the account's currency
    ask_at           BIGINT,                        -- when the provider is asked what became of it; NULL: it is not
    created_at       BIGINT NOT NULL,
    accepted_at      BIGINT,
    reported_at      BIGINT
);
CREATE INDEX sends_by_challenge ON sends (challenge_id, step);
CREATE INDEX sends_by_reference ON sends (provider, reference_hash) WHERE reference_hash IS NOT NULL;
CREATE INDEX sends_by_provider ON sends (provider, created_at);
CREATE INDEX sends_to_ask ON sends (ask_at) WHERE ask_at IS NOT NULL;

-- What was sent in a day (UTC), for each thing that has a ceiling.
CREATE TABLE spendings (
    day           BIGINT NOT NULL,                   -- days since 1970
    scope         TEXT   NOT NULL,                   -- word: server, practice, number, prefix
    key_hash      BYTEA  NOT NULL,                   -- keyed, of which practice, number, prefix
    used          BIGINT NOT NULL,                   -- parts and calls
    cost          BIGINT NOT NULL,                   -- in millionths of the account's currency
    PRIMARY KEY (day, scope, key_hash)
);

-- A provider that fails is left alone for a while, then tried with one message.
CREATE TABLE breakers (
    provider      TEXT   PRIMARY KEY,                -- its channel and its name in the settings
    failures      BIGINT NOT NULL,                   -- one after the other
    openings      BIGINT NOT NULL,                   -- since the last success
    retry_at      BIGINT                             -- left alone until then; NULL: in use
);

-- What providers told of a number.
CREATE TABLE numbers (
    practice_id   TEXT   NOT NULL REFERENCES practices (id),
    number_hash   BYTEA  NOT NULL,                   -- keyed, within the practice
    landline_at   BIGINT,                            -- it takes no short messages
    stopped_at    BIGINT,                            -- its owner refuses our short messages (STOP)
    delivery_id   TEXT,                              -- for which delivery that was found out
    told_at       BIGINT,                            -- when the sender was told of the refusal
    PRIMARY KEY (practice_id, number_hash)
);
CREATE INDEX numbers_to_tell ON numbers (stopped_at) WHERE stopped_at IS NOT NULL AND told_at IS NULL;
