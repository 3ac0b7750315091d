-- Imports: what was taken from where, so that one goes on where it was; and names that wait for a session.

-- Keyed hashes of source and message, under the root key. Written in the transaction of the entry.
CREATE TABLE imports (
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    source_hash   BYTEA  NOT NULL,                   -- of the source and its folder
    message_hash  BYTEA  NOT NULL,                   -- of what tells the message there
    octets_hash   BYTEA  NOT NULL,                   -- of its octets
    entry_id      TEXT   NOT NULL,                   -- what it became; may be gone since
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, source_hash, message_hash)
);
CREATE INDEX imports_by_octets ON imports (mailbox_id, octets_hash);

-- Into which folder an import without the mailbox's keys puts a folder of its source.
CREATE TABLE import_folders (
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    source_hash   BYTEA  NOT NULL,
    folder_id     TEXT   NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    PRIMARY KEY (mailbox_id, source_hash)
);

-- Paths of folders and keywords of entries under a deposit key: the next session seals them under the mailbox's own.
CREATE TABLE waiting_names (
    id             TEXT   PRIMARY KEY,               -- of the folder or entry
    mailbox_id     TEXT   NOT NULL REFERENCES mailboxes (id),
    kind           TEXT   NOT NULL,                  -- word: path, keywords
    deposit_key_id TEXT   NOT NULL REFERENCES deposit_keys (id),
    name_sealed    BYTEA  NOT NULL
);
CREATE INDEX waiting_names_by_mailbox ON waiting_names (mailbox_id);
CREATE INDEX waiting_names_by_deposit_key ON waiting_names (deposit_key_id);
