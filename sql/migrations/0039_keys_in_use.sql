-- When a key was last used, to the minute, and which key takes its place.

ALTER TABLE api_keys
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN replaced_by  text COLLATE "C";
