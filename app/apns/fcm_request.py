"""A message to a phone with Android as it goes out: data alone, which the app makes its notification from.

Google's rules:
    - A message goes to `POST /v1/projects/{project}/messages:send`, with an access token of the project.
    - `data` has texts alone, and 4,096 bytes at the most, names included; some names are Google's own.
    - Of messages that are not collapsible a phone that is away gets up to 100, in their order, or none of more. A
      collapse key would keep the newest of a card, but a phone has four keys at the most, and more cards than that.

Each message holds all of a card, so it may be repeated, and the newest is enough.

Source:
    Google, "Send a message using FCM HTTP v1 API"; "About FCM messages"; REST reference `projects.messages`.
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from app.apns.request import KEPT_BODY_BYTES, Environment, Header

MOST_DATA_BYTES: Final = 4_096

_encode = msgspec.json.Encoder().encode
_HEADERS: Final = (("content-type", "application/json", True),)


class AndroidData(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What the app is told; all of it is text. The law is `docs/android.md`.

    Attributes:
        kind: `start`, `update` or `end`; an update may be the first that a phone hears of a card.
        timestamp: Unix seconds; of one card, what is older than what is shown is dropped.
        card: An `AndroidFace` as JSON; absent where the card is taken back.
        alert_title: What the news is, where it is to be heard; or, by the name of a string of the app's,
        alert_title_key: with `alert_title_args`, a JSON list of texts.
        dismiss_at: Unix seconds, on an end: when the notification goes.
    """

    kind: str
    card_id: str
    subject: str
    attributes_type: str
    timestamp: str
    card: str | UnsetType = UNSET
    alert_title: str | UnsetType = UNSET
    alert_title_key: str | UnsetType = UNSET
    alert_title_args: str | UnsetType = UNSET
    alert_body: str | UnsetType = UNSET
    alert_body_key: str | UnsetType = UNSET
    alert_body_args: str | UnsetType = UNSET
    alert_sound: str | UnsetType = UNSET
    dismiss_at: str | UnsetType = UNSET


class _Android(msgspec.Struct, frozen=True):
    priority: str
    ttl: str


class _Message(msgspec.Struct, frozen=True):
    token: str
    data: AndroidData
    android: _Android


class _Body(msgspec.Struct, frozen=True):
    message: _Message


class FcmRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A message, independent of the host it is sent to and of the token that authorises it.

    Attributes:
        token: The phone's registration token.
        app: The name of the app's package.
        urgent: Whether it wakes a phone that dozes.
        ttl_seconds: How long Firebase keeps it for a phone that is away; four weeks at the most.
        project: Whose messages they are; empty until it is known who authorises it.
    """

    app: str
    token: str
    data: AndroidData
    urgent: bool
    ttl_seconds: int
    project: str = ""

    @property
    def environment(self) -> Environment:
        """Name where it goes."""
        return Environment.FCM

    @property
    def topic(self) -> str:
        """Name the app."""
        return self.app

    @property
    def method(self) -> str:
        """Give HTTP's method."""
        return "POST"

    @property
    def path(self) -> str:
        """Give the path below the host."""
        return f"/v1/projects/{self.project}/messages:send"

    @property
    def headers(self) -> tuple[Header, ...]:
        """Give the header fields, in order, without the authorization; see `Asked`."""
        return _HEADERS

    @property
    def payload(self) -> bytes:
        """Give the body."""
        android = _Android("HIGH" if self.urgent else "NORMAL", f"{self.ttl_seconds}s")
        return _encode(_Body(_Message(self.token, self.data, android)))

    @property
    def record(self) -> bytes:
        """Give what it tells, without whom."""
        return _encode(self.data)

    @property
    def once(self) -> bool:
        """Tell that it may be repeated."""
        return False

    @property
    def kept_body_bytes(self) -> int:
        """Tell how much of the answer's body is of use."""
        return KEPT_BODY_BYTES

    def __repr__(self) -> str:
        return f"FcmRequest(app={self.app!r}, kind={self.data.kind})"


def fcm_problem(request: FcmRequest) -> str | None:
    """Say what Firebase would refuse of a message, or None."""
    size = sum(
        len(field.encode_name) + len(str(value).encode())
        for field in msgspec.structs.fields(AndroidData)
        if (value := getattr(request.data, field.name)) is not UNSET
    )
    return f"its data has {size:,} of {MOST_DATA_BYTES:,} bytes" if size > MOST_DATA_BYTES else None
