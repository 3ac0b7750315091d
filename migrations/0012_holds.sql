-- Recipients who wait for a number, and what their senders answered.

CREATE TABLE holds (
    delivery_id     TEXT   PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
    question_sealed BYTEA  NOT NULL,                 -- to whom, why it waits, which number was given
    version         BIGINT NOT NULL,                 -- counts letters about it
    asked_at        BIGINT NOT NULL,                 -- since when it waits
    remind_at       BIGINT,                          -- when its sender is reminded; NULL: that was done, or it does not wait
    settled_at      BIGINT                           -- when a number was settled; NULL: it waits, or was given up
);
CREATE INDEX holds_by_reminder ON holds (remind_at) WHERE remind_at IS NOT NULL;

-- The number that a mailbox gave for an address. It serves that mailbox alone.
CREATE TABLE learned_numbers (
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    address_hash  BYTEA  NOT NULL,                   -- keyed, within the practice
    record_sealed BYTEA  NOT NULL,                   -- address, number, name, channel, and whether a doubt was settled
    delivery_id   TEXT   NOT NULL,                   -- about which it was given
    learned_at    BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, address_hash)
);

-- Numbers that a mailbox writes in its messages: what is in two of them is a signature's, and answers nothing.
CREATE TABLE signature_numbers (
    mailbox_id    TEXT   NOT NULL REFERENCES mailboxes (id),
    number_hash   BYTEA  NOT NULL,                   -- keyed, within the practice
    messages      BIGINT NOT NULL,                   -- in how many it was seen, two at most
    PRIMARY KEY (mailbox_id, number_hash)
);

-- A recall closes a letter at once and destroys its keys later, so that a slip of the mouse can be undone.
ALTER TABLE deliveries ADD COLUMN recalled_at BIGINT;                     -- since when it is being recalled; NULL: it is not
ALTER TABLE deliveries ADD COLUMN recall_at BIGINT;                       -- when its keys are destroyed; year 9999: its sender is asked first
ALTER TABLE deliveries ADD COLUMN recall_told_at BIGINT;                  -- when its sender was told
CREATE INDEX deliveries_by_recall ON deliveries (mailbox_id, recalled_at) WHERE recalled_at IS NOT NULL;
