-- Phones with Android: Firebase Cloud Messaging takes their pushes, as a third environment beside Apple's two. They have
-- a version of Android in the place of one of iOS. A card there has its phone's token from its start on, for nothing
-- tells of another; it moves with the token.

ALTER TABLE devices
    ALTER COLUMN ios_version DROP NOT NULL,
    ADD COLUMN android_version text,
    DROP CONSTRAINT devices_environment_check,
    ADD CONSTRAINT devices_environment_check CHECK (environment IN ('sandbox', 'production', 'fcm')),
    ADD CONSTRAINT devices_platform_check CHECK (
        (ios_version IS NULL) = (environment = 'fcm') AND (android_version IS NOT NULL) = (environment = 'fcm'));

ALTER TABLE cards
    DROP CONSTRAINT cards_environment_check,
    ADD CONSTRAINT cards_environment_check CHECK (environment IN ('sandbox', 'production', 'fcm'));

ALTER TABLE outages
    DROP CONSTRAINT outages_environment_check,
    ADD CONSTRAINT outages_environment_check CHECK (environment IN ('sandbox', 'production', 'fcm'));
