-- A key that comes into the manifest is sought in what cards show already: the next view that is looked at for it, and
-- until when a worker does. NULL: nothing is to be sought.

ALTER TABLE assets
    ADD COLUMN seek_slot smallint,
    ADD COLUMN seek_after text COLLATE "C",
    ADD COLUMN sought_until timestamptz;

CREATE INDEX assets_to_seek ON assets (key) WHERE seek_slot IS NOT NULL;
