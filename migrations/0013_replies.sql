-- Answers that are written on the page of a letter, by whoever opened it.

CREATE TABLE replies (
    id            TEXT   PRIMARY KEY,                -- also of its message; drawn with the form, so that one sent twice is one
    delivery_id   TEXT   NOT NULL REFERENCES deliveries (id),
    browser_hash  BYTEA  NOT NULL,                   -- keyed, of the browser that it was written in
    files         BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    delivered_at  BIGINT                             -- when it came into INBOX; NULL: it waits for a code of that browser
);
CREATE INDEX replies_by_delivery ON replies (delivery_id, created_at);
CREATE INDEX replies_waiting ON replies (created_at) WHERE delivered_at IS NULL;

-- Where one that waits will lie: what becomes an entry, sealed to the mailbox already.
CREATE TABLE reply_copies (
    id            TEXT   PRIMARY KEY,                -- of the entry
    reply_id      TEXT   NOT NULL REFERENCES replies (id),
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    head_id       TEXT   NOT NULL REFERENCES objects (id),
    esk           BYTEA  NOT NULL,                   -- PKESK v6 to the mailbox certificate
    size          BIGINT NOT NULL,                   -- RFC822.SIZE
    authority_mac BYTEA  NOT NULL                    -- as of an entry
);
CREATE INDEX reply_copies_by_reply ON reply_copies (reply_id);

-- The link's secret, under the page's cookie: what is posted after the page has closed leads back to the link.
ALTER TABLE portal_sessions ADD COLUMN ticket_sealed BYTEA;

ALTER TABLE mailboxes ADD COLUMN answers BIGINT;                          -- days; 0: none; NULL: as its kind has it
ALTER TABLE mailboxes ADD COLUMN away_sealed BYTEA;                       -- text, last day, deputy; NULL: present
