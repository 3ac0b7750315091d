-- Who keeps the copy of what was sent: the client's takes the place of the server's, both stay, or none is kept.
ALTER TABLE mailboxes ADD COLUMN sent TEXT NOT NULL DEFAULT 'client';     -- word: client, server, none
UPDATE mailboxes SET sent = 'none' WHERE kind = 'application';

-- What the sender asked to hear of this recipient (RFC 3461): NOTIFY, ORCPT, ENVID; NULL: nothing.
ALTER TABLE deliveries ADD COLUMN report_sealed BYTEA;

-- Whose a device was, once it is revoked: the journal names it by id for years.
CREATE TABLE former_devices (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    label_sealed  BYTEA  NOT NULL,                   -- as it was in devices
    revoked_at    BIGINT NOT NULL
);

-- Which mailbox was asked for by a client that copies mail to somebody's cloud, and when its owner was told.
CREATE TABLE cloud_clients (
    mailbox_id    TEXT   PRIMARY KEY REFERENCES mailboxes (id),
    client_sealed BYTEA  NOT NULL,                   -- its name in the list
    refused       BIGINT NOT NULL,                   -- 1: not let in
    met_at        BIGINT NOT NULL,
    told_at       BIGINT
);
