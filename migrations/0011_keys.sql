-- Keys for life, backups, restores. A device that was taken away has seen the keys of its mailbox; the next session makes new ones.
ALTER TABLE mailboxes ADD COLUMN renewal_due_at BIGINT;                   -- since when; NULL: nobody who left has seen them
UPDATE mailboxes SET renewal_due_at = (SELECT MAX(f.revoked_at) FROM former_devices f WHERE f.mailbox_id = mailboxes.id);

-- A delivery that nobody opens for now: a restore holds what it cannot know to be right.
ALTER TABLE deliveries ADD COLUMN suspended_at BIGINT;                    -- since when; NULL: it is not

ALTER TABLE devices ADD COLUMN told_at BIGINT;                            -- when its mailbox's owner was told of it
UPDATE devices SET told_at = created_at;
