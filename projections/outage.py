"""An environment of APNs' that cannot be reached, as a value."""

from datetime import datetime

import msgspec


class Outage(msgspec.Struct, frozen=True):
    """Where no connection comes about, since when, and what the last try met."""

    environment: str
    since: datetime
    why: str
