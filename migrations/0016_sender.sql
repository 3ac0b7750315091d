-- What a sender hears of letters, and which letter told it last.

ALTER TABLE mailboxes ADD COLUMN receipts TEXT;                           -- word: none, first, all; NULL: as its kind has it
ALTER TABLE deliveries ADD COLUMN receipt_id TEXT;                        -- message of the newest receipt; it may be gone
