-- What a mailbox holds, beside the rows that it holds, and what its owner was told of it.

ALTER TABLE entries ADD COLUMN counted BIGINT NOT NULL DEFAULT 1;         -- 0: a receipt or a letter of Pli, outside the quota
DROP INDEX entries_by_mailbox;
CREATE INDEX entries_by_mailbox ON entries (mailbox_id, counted, size);   -- the quota is summed from the index alone
CREATE INDEX mailboxes_by_quota ON mailboxes (id, quota);                 -- rows of mailboxes hold certificates

-- Kept in step by every transaction that adds or removes entries, under the lock of the mailbox's counter.
CREATE TABLE quotas (
    mailbox_id    TEXT   PRIMARY KEY REFERENCES mailboxes (id),
    used          BIGINT NOT NULL,                   -- octets of the entries that count
    told          BIGINT NOT NULL,                   -- 80 or 95: the letter of this crossing; 0: below
    full_at       BIGINT                             -- since when it is full; NULL: it has room
);
INSERT INTO quotas (mailbox_id, used, told)
    SELECT m.id, CAST(COALESCE((SELECT SUM(e.size) FROM entries e WHERE e.mailbox_id = m.id), 0) AS BIGINT), 0
    FROM mailboxes m;
