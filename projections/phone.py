"""What a plan must know of a phone."""

from datetime import datetime

import msgspec

from projections.budget import StartBudget, UrgentBudget
from projections.card import Card, Kind


class AlertToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token for ordinary notifications that an app reported.

    Attributes:
        token_hash: Its blind index.
        refused: APNs refused it.
        blocked_until: APNs wants nothing sent to it before.
    """

    token_hash: bytes
    refused: bool
    registered_at: datetime
    blocked_until: datetime | None


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """A phone as its app last described it, for cards of one attributes type.

    Attributes:
        customer_id: Who is signed in; None for nobody.
        ios: Major and minor version; None: it has Android.
        start_token_hash: Blind index of the start token; None when there is none that may be used.
        start_token_refused: APNs refused the token that the app reported last.
        start_environment: Where the start token works, which may not be what the app said.
        start_blocked_until: APNs wants nothing sent to the start token before.
        start_token_ios: The version when the app reported the start token's value first; None for unknown.
        locale: BCP 47, as the app says; None for unknown.
        alert_token: For ordinary notifications; None when none was reported.
        unreported_starts: Accepted starts in a row of which the app said nothing.
    """

    device_id: str
    customer_id: str | None
    app: str
    environment: str
    ios: tuple[int, int] | None
    activities_enabled: bool
    frequent_pushes: bool
    forgotten: bool
    start_token_hash: bytes | None
    start_token_refused: bool
    start_token_registered_at: datetime | None
    start_environment: str
    start_blocked_until: datetime | None
    start_budget: StartBudget
    urgent_budget: UrgentBudget
    unreported_starts: int
    start_token_ios: tuple[int, int] | None = None
    locale: str | None = None
    alert_token: AlertToken | None = None

    @property
    def upgraded_from(self) -> int | None:
        """Give the major version of iOS that the start token is from, if the phone has a newer one; None if not."""
        if self.start_token_ios is None or self.ios is None or self.start_token_ios[0] >= self.ios[0]:
            return None
        return self.start_token_ios[0]


def version_of(version: str) -> tuple[int, int]:
    """Read a version such as `17.2.1`."""
    major, _, rest = version.partition(".")
    return int(major), int(rest.partition(".")[0] or "0")


def environment_of(card: Card, kind: Kind, phone: Phone | None, token_hash: bytes | None) -> str:
    """Give where a push goes: to a phone where its start token works, to a card where its update token is from."""
    if card.tried_environment is not None and card.was_tried_elsewhere(token_hash):
        return card.tried_environment
    to_phone = phone is not None and kind in (Kind.START, Kind.ALERT)
    return phone.start_environment if phone is not None and to_phone else card.environment
