-- What a practice's letters are headed with, once they are open: the octets of a picture. What is known of it without them
-- stands in the profile; a row of its own it is not, so that it goes with its practice.

ALTER TABLE practices ADD COLUMN logo_sealed BYTEA;
