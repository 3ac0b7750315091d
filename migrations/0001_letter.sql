-- One text for SQLite and PostgreSQL: TEXT, BIGINT (unix milliseconds, counts, 0/1), BYTEA.
-- What stands in clear is listed, column by column, in tests/plain_columns.rs; everything else is
-- sealed (_sealed), keyed-hashed (_hash), authenticated (_mac), or an OpenPGP packet (esk, container).

-- Facts about this database itself: root key check value, schema notes.
CREATE TABLE meta (
    name          TEXT   PRIMARY KEY,
    value         BYTEA  NOT NULL
);

CREATE TABLE practices (
    id             TEXT   PRIMARY KEY,
    name_hash      BYTEA  NOT NULL UNIQUE,
    profile_sealed BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL
);

CREATE TABLE domains (
    name          TEXT   PRIMARY KEY,
    practice_id   TEXT   NOT NULL REFERENCES practices (id),
    created_at    BIGINT NOT NULL
);

CREATE TABLE mailboxes (
    id            TEXT   PRIMARY KEY,
    practice_id   TEXT   NOT NULL REFERENCES practices (id),
    address       TEXT   NOT NULL UNIQUE,            -- folded: lower case
    name          TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    certificate   BYTEA  NOT NULL,                   -- public, v6
    secret_sealed BYTEA  NOT NULL,                   -- the certificate's secret part, under the mailbox secret
    version       BIGINT NOT NULL,                   -- counts rotations
    authority_mac BYTEA  NOT NULL,                   -- over id, practice, address, certificate, version
    created_at    BIGINT NOT NULL
);

CREATE TABLE devices (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    tag           TEXT   NOT NULL,                   -- the first characters of its password
    kind          TEXT   NOT NULL,
    label_sealed  BYTEA  NOT NULL,                   -- label and person
    verifier_hash BYTEA  NOT NULL,
    authority_mac BYTEA  NOT NULL,                   -- over id, mailbox, tag, kind, verifier
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT,
    UNIQUE (mailbox_id, tag)
);

CREATE TABLE slots (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    device_id     TEXT   REFERENCES devices (id) ON DELETE CASCADE,  -- NULL: the recovery certificate
    public_key    BYTEA  NOT NULL,
    secret_sealed BYTEA,                             -- the slot's secret half, under the device password
    esk           BYTEA,                             -- the mailbox secret, to the public half; NULL: pending
    quick_sealed  BYTEA,                             -- the mailbox secret, symmetric, after the first use
    version       BIGINT NOT NULL,
    authority_mac BYTEA  NOT NULL,                   -- over id, mailbox, device, public half, version
    created_at    BIGINT NOT NULL
);
CREATE INDEX slots_by_mailbox ON slots (mailbox_id);

CREATE TABLE folders (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    role          TEXT   NOT NULL,
    name_sealed   BYTEA,                             -- NULL: named by its role, in the account's language
    uid_validity  BIGINT NOT NULL,
    uid_next      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX folders_by_mailbox ON folders (mailbox_id);

CREATE TABLE patients (
    id            TEXT   PRIMARY KEY,
    practice_id   TEXT   NOT NULL REFERENCES practices (id),
    kind          TEXT   NOT NULL,
    record_sealed BYTEA  NOT NULL,
    address_hash  BYTEA  NOT NULL,                   -- keyed, within the practice
    number_hash   BYTEA  NOT NULL,
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX patients_by_address ON patients (practice_id, address_hash);
CREATE INDEX patients_by_number ON patients (practice_id, number_hash);

CREATE TABLE messages (
    id            TEXT   PRIMARY KEY,
    practice_id   TEXT   NOT NULL REFERENCES practices (id),
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),  -- who submitted it, or whose receipt it is
    size          BIGINT NOT NULL,                   -- octets as submitted
    created_at    BIGINT NOT NULL
);

CREATE TABLE objects (
    id            TEXT   PRIMARY KEY,
    message_id    TEXT   NOT NULL REFERENCES messages (id),
    size          BIGINT NOT NULL,                   -- octets of the container
    container     BYTEA,                             -- NULL: in the object store, under the id
    created_at    BIGINT NOT NULL
);
CREATE INDEX objects_by_message ON objects (message_id);

CREATE TABLE entries (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    folder_id     TEXT   NOT NULL REFERENCES folders (id),
    uid           BIGINT NOT NULL,
    message_id    TEXT   NOT NULL REFERENCES messages (id),
    head_id       TEXT   NOT NULL REFERENCES objects (id),
    esk           BYTEA  NOT NULL,                   -- PKESK v6 to the mailbox certificate
    flags         BIGINT NOT NULL,
    size          BIGINT NOT NULL,                   -- RFC822.SIZE
    received_at   BIGINT NOT NULL,
    visible_at    BIGINT NOT NULL,                   -- the server's Sent copy shows after half a minute
    authority_mac BYTEA  NOT NULL,                   -- over id, mailbox, message, head
    UNIQUE (folder_id, uid)
);
CREATE INDEX entries_by_mailbox ON entries (mailbox_id);
CREATE INDEX entries_by_message ON entries (message_id);

CREATE TABLE deliveries (
    id                 TEXT   PRIMARY KEY,
    practice_id        TEXT   NOT NULL REFERENCES practices (id),
    mailbox_id         TEXT   NOT NULL REFERENCES mailboxes (id),   -- the sender
    message_id         TEXT   NOT NULL REFERENCES messages (id),
    head_id            TEXT   NOT NULL REFERENCES objects (id),
    patient_id         TEXT,
    state              TEXT   NOT NULL,
    failure            TEXT,
    coordinates_sealed BYTEA,                        -- address, number, language, channel; NULL once erased
    address_hash       BYTEA  NOT NULL,
    number_hash        BYTEA  NOT NULL,
    thread_sealed      BYTEA  NOT NULL,              -- Message-ID and References, for receipts
    subject_sealed     BYTEA,                        -- under ticket and root key
    esk                BYTEA,                        -- SKESK v6 under ticket and root key; NULL: shredded
    ticket_hash        BYTEA  NOT NULL UNIQUE,
    ticket_sealed      BYTEA,                        -- only until the relay took the notice
    authority_mac      BYTEA  NOT NULL,              -- over id, message, head, coordinates, ticket hash
    tries              BIGINT NOT NULL,              -- wrong codes in all
    paused_until       BIGINT NOT NULL,
    created_at         BIGINT NOT NULL,
    notified_at        BIGINT,
    opened_at          BIGINT,
    downloaded_at      BIGINT,
    ended_at           BIGINT,
    expires_at         BIGINT NOT NULL
);
CREATE INDEX deliveries_by_message ON deliveries (message_id);
CREATE INDEX deliveries_by_address ON deliveries (practice_id, address_hash);
CREATE INDEX deliveries_by_mailbox ON deliveries (mailbox_id, created_at);
CREATE INDEX deliveries_by_age ON deliveries (created_at);
CREATE INDEX deliveries_by_expiry ON deliveries (expires_at) WHERE esk IS NOT NULL;

-- Which attachments of a delivery were given out whole.
CREATE TABLE downloads (
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id),
    part          BIGINT NOT NULL,
    first_at      BIGINT NOT NULL,
    PRIMARY KEY (delivery_id, part)
);

CREATE TABLE challenges (
    id            TEXT   PRIMARY KEY,
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id),
    browser_hash  BYTEA  NOT NULL,
    channel       TEXT   NOT NULL,
    letters       TEXT   NOT NULL,                   -- two random letters, on the page and in the SMS
    code_mac      BYTEA,                             -- over challenge id and digits; NULL once used or spent
    digits_sealed BYTEA,                             -- only while a provider may still need them
    tries         BIGINT NOT NULL,
    sent          TEXT   NOT NULL,                   -- word: pending, sent, failed
    failure       TEXT,                              -- word: why no provider took it
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT
);
CREATE INDEX challenges_by_delivery ON challenges (delivery_id, created_at);

CREATE TABLE portal_sessions (
    id            TEXT   PRIMARY KEY,
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id),
    token_hash    BYTEA  NOT NULL UNIQUE,
    key_sealed    BYTEA  NOT NULL,                   -- the delivery's session key, under the cookie
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);
CREATE INDEX portal_sessions_by_delivery ON portal_sessions (delivery_id);

CREATE TABLE outbox (
    id            TEXT   PRIMARY KEY,
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id),
    attempts      BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    lease_until   BIGINT NOT NULL,
    last_failure  TEXT,
    created_at    BIGINT NOT NULL,
    done_at       BIGINT                             -- handed over, or given up
);
CREATE INDEX outbox_by_due ON outbox (due_at) WHERE done_at IS NULL;
CREATE INDEX outbox_by_delivery ON outbox (delivery_id);

-- One chain per node: every event holds the hash of the one before, authenticated under a root-derived key.
CREATE TABLE audit_chains (
    node          TEXT   PRIMARY KEY,
    seq           BIGINT NOT NULL,
    head_mac      BYTEA  NOT NULL
);

CREATE TABLE audit_events (
    node          TEXT   NOT NULL,
    seq           BIGINT NOT NULL,
    at            BIGINT NOT NULL,
    line          TEXT   NOT NULL,                   -- ids, counts and words only
    link_mac      BYTEA  NOT NULL,                   -- over node, seq, the link before, and the line
    PRIMARY KEY (node, seq)
);
CREATE INDEX audit_events_by_age ON audit_events (at);
