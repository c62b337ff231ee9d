"""List the reasons Apple answers with, each with its status.

Source:
    Apple, "Handling notification responses from APNs"; "Handling error responses from Apple Push Notification service"
    for channels.
"""

from collections.abc import Mapping
from types import MappingProxyType

STATUS_OF: Mapping[str, int] = MappingProxyType(
    {
        "BadCollapseId": 400,
        "BadDeviceToken": 400,
        "BadExpirationDate": 400,
        "BadMessageId": 400,
        "BadPriority": 400,
        "BadTopic": 400,
        "DeviceTokenNotForTopic": 400,
        "DuplicateHeaders": 400,
        "IdleTimeout": 400,
        "InvalidPushType": 400,
        "MissingDeviceToken": 400,
        "MissingTopic": 400,
        "PayloadEmpty": 400,
        "TopicDisallowed": 400,
        "BadCertificate": 403,
        "BadCertificateEnvironment": 403,
        # Apple's table spells it BadEnvironmentKeyIdInToken; the wire has been seen to say this one.
        "BadEnvironmentKeyInToken": 403,
        "BadEnvironmentKeyIdInToken": 403,
        "ExpiredProviderToken": 403,
        "Forbidden": 403,
        "InvalidProviderToken": 403,
        "MissingProviderToken": 403,
        "UnrelatedKeyIdInToken": 403,
        "BadPath": 404,
        "MethodNotAllowed": 405,
        "ExpiredToken": 410,
        "Unregistered": 410,
        "PayloadTooLarge": 413,
        "TooManyProviderTokenUpdates": 429,
        "TooManyRequests": 429,
        "InternalServerError": 500,
        "ServiceUnavailable": 503,
        "Shutdown": 503,
    }
)

STATUS_OF_CHANNELS: Mapping[str, int] = MappingProxyType(
    {
        **STATUS_OF,
        "BadChannelId": 400,
        "BadRequestParams": 400,
        "BadRequestPayload": 400,
        "CannotCreateChannelConfig": 400,
        "ChannelNotRegistered": 400,
        "FeatureNotEnabled": 400,
        "MissingChannelId": 400,
        "MissingPushType": 400,
        "TopicMismatch": 403,
    }
)
"""Those of channels, with those they share with pushes."""
