"""What an app reports of its phone and its cards, and what we answer."""

from typing import Annotated, Any, Literal

import msgspec

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Token = Annotated[str, msgspec.Meta(min_length=2, max_length=512, pattern=r"^([0-9a-fA-F]{2})+$")]
Tags = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/@+-]+$")], ...],
    msgspec.Meta(max_length=50),
]
CardState = Literal["starting", "active", "dismissed", "ended"]
Environment = Literal["sandbox", "production"]


class CardReport(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A card as the phone sees it.

    Attributes:
        subject: The order.
        attributes_type: The Swift type's bare name.
        activity_id: ActivityKit's own id.
        update_token: The newest update token, in hex.
        state: What became of the card.
    """

    subject: Identifier
    attributes_type: Word
    activity_id: Word | None = None
    update_token: Token | None = None
    state: CardState = "active"


class LaunchCardReport(CardReport, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A card in the launch report; without `cardId` the app's own id names it."""

    card_id: Identifier | None = None


class DeviceReport(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What an app says of its phone at every launch.

    Attributes:
        customer_id: Who is signed in; None for nobody.
        app: The bundle id.
        start_tokens: Push-to-start tokens in hex by attributes type.
        alert_token: The token for ordinary alert pushes.
        cards: The cards that the phone has now.
        tags: Words by which a segment may take the phone; None leaves those that it has.
    """

    app: Annotated[str, msgspec.Meta(min_length=1, max_length=155, pattern=r"^[A-Za-z0-9.-]+$")]
    environment: Environment
    ios_version: Annotated[str, msgspec.Meta(max_length=16, pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$")]
    customer_id: Identifier | None = None
    app_build: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    locale: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    activities_enabled: bool = True
    frequent_pushes_enabled: bool = True
    start_tokens: dict[Word, Token] = msgspec.field(default_factory=dict)
    alert_token: Token | None = None
    cards: Annotated[tuple[LaunchCardReport, ...], msgspec.Meta(max_length=50)] = ()
    tags: Tags | None = None


class CardAnswer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the phone should do with one card.

    Attributes:
        end: The app should end the card now.
        content_state: What the card should show; None when there is nothing to show.
    """

    card_id: str
    activity_id: str | None
    subject: str
    attributes_type: str
    end: bool
    content_state: msgspec.Raw | None = None


class MissingCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A card that the phone should have and has not."""

    card_id: str
    subject: str
    attributes_type: str
    attributes: msgspec.Raw | dict[str, Any]
    content_state: msgspec.Raw | dict[str, Any]


class LaunchAnswer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The answer to a launch report: the level trigger reaches the phone too."""

    device_id: str
    cards: list[CardAnswer]
    missing: list[MissingCard]
