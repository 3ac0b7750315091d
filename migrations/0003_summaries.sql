-- Mod-sequences (RFC 7162) and sealed summaries.

-- The mailbox's counter (mailbox_changes.changes) at the last change of an entry. 0: it does not show yet; its
-- UID is negative until it does, and then it takes the next of its folder.
ALTER TABLE entries ADD COLUMN modseq BIGINT NOT NULL DEFAULT 1;
ALTER TABLE folders ADD COLUMN modseq BIGINT NOT NULL DEFAULT 1;          -- HIGHESTMODSEQ
ALTER TABLE folders ADD COLUMN forgotten_modseq BIGINT NOT NULL DEFAULT 1; -- what went up to this is no longer listed

-- UIDs that went, in runs.
CREATE TABLE expunges (
    folder_id     TEXT   NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    modseq        BIGINT NOT NULL,
    first_uid     BIGINT NOT NULL,
    last_uid      BIGINT NOT NULL,
    PRIMARY KEY (folder_id, modseq, first_uid)
);

-- Symmetric keys of what comes in, each to its mailbox's certificate.
CREATE TABLE deposit_keys (
    id            TEXT   PRIMARY KEY,
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    esk           BYTEA  NOT NULL,                   -- PKESK v6
    authority_mac BYTEA  NOT NULL,                   -- over id, mailbox, esk
    created_at    BIGINT NOT NULL
);

-- What lists and searches need of a head, for one mailbox that shows it; with it the head's session key.
CREATE TABLE summaries (
    mailbox_id     TEXT   NOT NULL REFERENCES mailboxes (id),
    head_id        TEXT   NOT NULL,
    deposit_key_id TEXT   REFERENCES deposit_keys (id),  -- NULL: under the mailbox's own key
    summary_sealed BYTEA  NOT NULL,
    words_sealed   BYTEA,
    PRIMARY KEY (mailbox_id, head_id)
);
CREATE INDEX summaries_by_deposit_key ON summaries (deposit_key_id);

-- Listing a folder, what changed in it since, and what is to show now.
DROP INDEX entries_listed;
CREATE INDEX entries_listed ON entries (folder_id, uid, modseq, flags, size, received_at, mailbox_id, head_id, id);
CREATE INDEX entries_changed ON entries (folder_id, modseq);
DROP INDEX entries_hidden;
CREATE INDEX entries_hidden ON entries (mailbox_id, visible_at) WHERE modseq = 0;
-- The last entry of a head in a mailbox takes its summary along.
DROP INDEX entries_by_head;
CREATE INDEX entries_by_head ON entries (head_id, mailbox_id);
