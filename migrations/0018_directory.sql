-- Who reads for whom, and what mailboxes told.

ALTER TABLE patients ADD COLUMN ward_id TEXT;                             -- for whom this person reads; NULL: for themselves
CREATE INDEX patients_by_ward ON patients (ward_id) WHERE ward_id IS NOT NULL;
CREATE INDEX learned_by_address ON learned_numbers (address_hash);
CREATE INDEX learned_by_delivery ON learned_numbers (delivery_id);
