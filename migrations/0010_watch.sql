-- What is counted for who watches: deliveries by state, from the index alone.
CREATE INDEX deliveries_by_state ON deliveries (state);
