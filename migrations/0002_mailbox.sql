-- What sessions of mail clients need: names, keywords, quota, and a counter that says "something changed".

ALTER TABLE mailboxes ADD COLUMN quota BIGINT NOT NULL DEFAULT 10737418240; -- octets; 0: none

-- Every transaction that touches entries or folders of a mailbox raises its counter first, which also
-- makes such transactions stand in line. A table of its own: rows of mailboxes hold certificates.
CREATE TABLE mailbox_changes (
    mailbox_id    TEXT   PRIMARY KEY REFERENCES mailboxes (id),
    changes       BIGINT NOT NULL,                   -- counts those transactions
    changed_at    BIGINT NOT NULL,                   -- when the newest of them came
    last_validity BIGINT NOT NULL                    -- the newest UIDVALIDITY given to a folder that a person made
);
CREATE INDEX mailbox_changes_by_age ON mailbox_changes (changed_at);

-- name_sealed holds the whole path, under the mailbox's own key.
ALTER TABLE folders ADD COLUMN name_hash BYTEA;                           -- keyed, of the whole path; NULL: a special folder
ALTER TABLE folders ADD COLUMN subscribed BIGINT NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX folders_by_name ON folders (mailbox_id, name_hash);

ALTER TABLE entries ADD COLUMN keywords_sealed BYTEA;                     -- one list, under the mailbox's own key; NULL: none
ALTER TABLE entries ADD COLUMN message_id_hash BYTEA;                     -- keyed, of Message-ID, within the mailbox
ALTER TABLE entries ADD COLUMN server_copy BIGINT NOT NULL DEFAULT 0;     -- 1: kept by the server, a client's own takes its place
ALTER TABLE entries ADD COLUMN submission_id TEXT REFERENCES messages (id); -- the submission that a client's own copy stands for
DROP INDEX entries_by_mailbox;
CREATE INDEX entries_by_mailbox ON entries (mailbox_id, size);            -- the quota is summed from the index alone
CREATE INDEX entries_by_message_id ON entries (mailbox_id, message_id_hash) WHERE server_copy = 1;
CREATE INDEX entries_hidden ON entries (folder_id, visible_at) WHERE server_copy = 1; -- what does not show yet
CREATE INDEX entries_by_submission ON entries (submission_id) WHERE submission_id IS NOT NULL;

-- Deleting an object asks who still shows it.
CREATE INDEX entries_by_head ON entries (head_id);
CREATE INDEX deliveries_by_head ON deliveries (head_id);
-- Counting and listing a folder read these alone: rows of entries hold session-key packets.
CREATE INDEX entries_listed ON entries (folder_id, uid, visible_at, flags, size, received_at, mailbox_id, id);
CREATE INDEX entries_with_keywords ON entries (folder_id) WHERE keywords_sealed IS NOT NULL;
