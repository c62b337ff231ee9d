"""What a signing key serves; read with the settings, long before a key is."""

import msgspec

from app.apns.request import APPLES, Environment
from projections.pause import ANY_APP


class Served(msgspec.Struct, frozen=True):
    """What a key serves.

    Attributes:
        apps: Bundle ids; ANY_APP stands for those that no other key names.
        environments: Those that the key is good for.
    """

    apps: tuple[str, ...] = (ANY_APP,)
    environments: tuple[Environment, ...] = APPLES
