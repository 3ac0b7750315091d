-- Submission: who may write as whom, how much is sent, and passwords that were wrong.

-- Which other addresses of its practice a mailbox, or one device of it, may write as.
CREATE TABLE send_as (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    device_id     TEXT   REFERENCES devices (id) ON DELETE CASCADE, -- NULL: every device of the mailbox
    address       TEXT   NOT NULL,                   -- folded
    authority_mac BYTEA  NOT NULL,                   -- over id, mailbox, device, address
    created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX send_as_by_mailbox ON send_as (mailbox_id, address, COALESCE(device_id, ''));

-- How many messages a mailbox and each of its devices sent in their newest minute and day (UTC).
CREATE TABLE rates (
    id            TEXT   PRIMARY KEY,                -- of the mailbox or device
    minute        BIGINT NOT NULL,                   -- minutes since 1970
    in_minute     BIGINT NOT NULL,
    day           BIGINT NOT NULL,                   -- days since 1970
    in_day        BIGINT NOT NULL
);

-- Wrong passwords, one after the other without an hour between them.
CREATE TABLE failed_logins (
    source_hash   BYTEA  PRIMARY KEY,                -- keyed, of the network, or of the address that was typed
    failures      BIGINT NOT NULL,
    failed_at     BIGINT NOT NULL                    -- the newest
);
CREATE INDEX failed_logins_by_age ON failed_logins (failed_at);
