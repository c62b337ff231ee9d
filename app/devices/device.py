"""What an app reports of its phone and its cards, and what we answer."""

from typing import Annotated, Any, Literal

import msgspec

# A bare $ would let a line end pass.
Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$(?!\n)")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Token = Annotated[str, msgspec.Meta(min_length=2, max_length=512, pattern=r"^([0-9a-fA-F]{2})+$(?!\n)")]
Tags = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/@+-]+$(?!\n)")], ...],
    msgspec.Meta(max_length=50),
]
CardState = Literal["starting", "active", "dismissed", "ended"]
Environment = Literal["sandbox", "production", "fcm"]
Version = Annotated[str, msgspec.Meta(max_length=16, pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$(?!\n)")]
RegistrationToken = Annotated[str, msgspec.Meta(min_length=16, max_length=4_096, pattern=r"^[\x21-\x7e]+$(?!\n)")]


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


class PhoneReport(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What every app says of its phone at every launch.

    Attributes:
        app: The bundle id, or the name of the Android package.
        customer_id: Who is signed in; None for nobody.
        cards: The cards that the phone has now.
        tags: Words by which a segment may take the phone; None leaves those that it has.
    """

    app: Annotated[str, msgspec.Meta(min_length=1, max_length=155, pattern=r"^[A-Za-z0-9._-]+$(?!\n)")]
    customer_id: Identifier | None = None
    app_build: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    locale: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    cards: Annotated[tuple[LaunchCardReport, ...], msgspec.Meta(max_length=50)] = ()
    tags: Tags | None = None


class DeviceReport(PhoneReport, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What an app says of its iPhone at every launch.

    Attributes:
        start_tokens: Push-to-start tokens in hex by attributes type.
        alert_token: The token for ordinary alert pushes.
    """

    app: Annotated[str, msgspec.Meta(min_length=1, max_length=155, pattern=r"^[A-Za-z0-9.-]+$(?!\n)")]
    environment: Literal["sandbox", "production"]
    ios_version: Version
    activities_enabled: bool = True
    frequent_pushes_enabled: bool = True
    start_tokens: dict[Word, Token] = msgspec.field(default_factory=dict)
    alert_token: Token | None = None

    @property
    def android_version(self) -> None:
        """Give None: it is an iPhone."""
        return

    @property
    def tokens(self) -> dict[str, str]:
        """Give the start tokens as they are stored, by attributes type."""
        return {name: token.lower() for name, token in self.start_tokens.items()}

    @property
    def notification_token(self) -> str | None:
        """Give the token for ordinary notifications, as it is stored."""
        return None if self.alert_token is None else self.alert_token.lower()


class AndroidReport(PhoneReport, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What an app says of its phone with Android at every launch, and when Firebase gives it another token.

    Attributes:
        os_version: Of Android.
        fcm_token: The registration token of Firebase Cloud Messaging, which takes all pushes of the phone.
        attributes_types: The cards that this build can show.
        notifications_enabled: Whether the user lets the app show notifications.
    """

    os_version: Version
    fcm_token: RegistrationToken | None = None
    attributes_types: Annotated[tuple[Word, ...], msgspec.Meta(max_length=50)]
    notifications_enabled: bool = True

    @property
    def environment(self) -> Literal["fcm"]:
        """Name where its pushes go."""
        return "fcm"

    @property
    def ios_version(self) -> None:
        """Give None: it is no iPhone."""
        return

    @property
    def android_version(self) -> str:
        """Give the version of Android."""
        return self.os_version

    @property
    def activities_enabled(self) -> bool:
        """Tell whether the phone shows cards."""
        return self.notifications_enabled

    @property
    def frequent_pushes_enabled(self) -> bool:
        """Tell that Android has no such switch."""
        return True

    @property
    def tokens(self) -> dict[str, str]:
        """Give the registration token for each attributes type."""
        return {} if self.fcm_token is None else dict.fromkeys(self.attributes_types, self.fcm_token)

    @property
    def notification_token(self) -> None:
        """Give None: an app of Android makes its notifications itself."""
        return


AnyReport = DeviceReport | AndroidReport


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
