-- When a visit to the page of a link was last noted, by its kind: what keeps the journal short.

CREATE TABLE link_visits (
    delivery_id TEXT   NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    kind        TEXT   NOT NULL,                     -- word: machine, unsigned, browser, press
    noted_at    BIGINT NOT NULL,
    PRIMARY KEY (delivery_id, kind)
);
