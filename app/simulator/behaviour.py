"""Say how a phone and its user behave."""

from typing import Literal

import msgspec

Allow = Literal["now", "later", "never"]


class Behaviour(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Say how a phone and its user behave.

    Args:
        allow: whether the user taps Allow after a while, when told to (`later`), or never.
        force_quit: whether the user has swiped the app away.
        clock_offset_seconds: how far the phone's clock is from the true time.
        urgent_an_hour: how many updates and ends of priority 10 the phone takes in an hour; `None` is 120, or 30
            without frequent pushes.
        after_end: what APNs says to the token of a card that is over; both have been seen.
        fetches_pictures: whether the app is one that fetches pictures.
        storage_bytes: how much room it has for them; `None` is enough.
    """

    allow: Allow = "now"
    force_quit: bool = False
    activities_enabled: bool = True
    notifications_enabled: bool = True
    frequent_pushes_enabled: bool = True
    low_power: bool = False
    urgent_an_hour: float | None = None
    clock_offset_seconds: float = 0.0
    ios_version: str = "18.1"
    app_build: str = "100"
    locale: str = "en"
    after_end: Literal["accepted", "expired"] = "accepted"
    fetches_pictures: bool = False
    storage_bytes: int | None = None
