"""The vocabulary of activities: cards whose state the sender holds, and gives as it is to be shown.

Attributes and content state are the sender's own JSON. Nobody here knows what in them is personal, so all of both is
sealed. An alert is not: it lights a locked screen, so nothing personal stands in it.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from events.errors import Fault
from events.fact import PERSONAL, Fact, Judged, Key, Moment

ACTIVITY: Final = "activity"
"""The kind of these subjects."""

ATTRIBUTES_LIMIT_BYTES: Final = 1_024
CONTENT_LIMIT_BYTES: Final = 2_688
START_LIMIT_BYTES: Final = 2_944
"""As compact JSON. Apple allows a push 4,096 bytes, and attributes and content state on the phone as many: beside the
alert, the ids in the attributes and the rest of `aps` there is room for so much, whatever an update brings."""

TITLE_LIMIT_BYTES: Final = 128
BODY_LIMIT_BYTES: Final = 256
"""As JSON; what an alert of a definition is cut to."""

LISTED_CUSTOMERS: Final = 500
RESERVED_ATTRIBUTES: Final = ("cardId", "subject")
"""What Lockstep adds to the attributes, so that the app can tell of its card."""

_is_locale = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*").fullmatch
_encode: Final = msgspec.json.Encoder().encode

Attributes = Annotated[dict[str, Any], Meta(description="What the card is started with and keeps.", extra=PERSONAL)]
ContentState = Annotated[dict[str, Any], Meta(description="All of what changes on the card.", extra=PERSONAL)]
SwiftName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", max_length=64, description="The bare name of the Swift struct."),
]
Spoken = Annotated[str, Meta(min_length=1, max_length=1_000)]
Priority = Annotated[
    Literal[5, 10], Meta(description="5: when the phone likes; 10: at once. With an alert 10 if absent, else 5.")
]
StaleDate = Annotated[Moment, Meta(description="When the phone is to call this state out of date.")]
DismissalDate = Annotated[
    Moment, Meta(description="When the card leaves the Lock Screen once it has ended; four hours later at the latest.")
]
Carrier = Annotated[
    Literal["token", "channel"],
    Meta(description="What carries its updates: a token for each card, or a channel that all follow."),
]
ChannelStorage = Annotated[
    Literal["none", "latest"], Meta(description="What Apple keeps of the channel for phones that are offline.")
]
RelevanceScore = Annotated[float, Meta(description="Which of the app's cards is foremost: the one with the highest.")]


class Words(Fact, frozen=True, kw_only=True):
    """A text of the app's own strings, by `locKey`; or texts by locale."""

    loc_key: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    loc_args: Annotated[tuple[str, ...], Meta(max_length=10)] = ()
    default: Spoken | None = None
    by_locale: Annotated[dict[str, Spoken], Meta(max_length=64)] | None = None

    def faults_within(self, limit_bytes: int) -> Iterator[Fault]:
        """Name what is wrong with it as a whole."""
        if (self.loc_key is None) == (self.default is None):
            yield Fault("", "is to have either locKey, or default with byLocale")
        if self.loc_key is None and self.loc_args:
            yield Fault("/locArgs", "stands in the places of the text of a locKey, and there is none")
        by_locale = self.by_locale or {}
        if self.default is None and by_locale:
            yield Fault("/default", "is missing: what phones of other locales are told")
        if self.loc_key is not None and _size((self.loc_key, *self.loc_args)) > limit_bytes:
            yield Fault("/locArgs", f"and locKey have more than {limit_bytes} bytes as JSON; shorten them")
        for place, text in (("/default", self.default), *((f"/byLocale/{k}", v) for k, v in by_locale.items())):
            if text is not None:
                yield from _too_long(place, text, limit_bytes)
        for tag in by_locale:
            if not _is_locale(tag):
                yield Fault("/byLocale", f"has {tag[:40]!r}, which is no tag of a locale, such as el or pt-BR")


class ActivityAlert(Fact, frozen=True, kw_only=True):
    """What lights the screen. Nothing personal stands in it."""

    title: Spoken | Words
    body: Spoken | Words
    sound: Annotated[str, Meta(min_length=1, max_length=64)] | None = "default"

    def faults(self) -> Iterator[Fault]:
        """Name what is wrong with its texts."""
        for name, words, limit in (("title", self.title, TITLE_LIMIT_BYTES), ("body", self.body, BODY_LIMIT_BYTES)):
            found = words.faults_within(limit) if isinstance(words, Words) else _too_long("", words, limit)
            yield from (Fault(f"/{name}{each.pointer}", each.detail) for each in found)


class Audience(Fact, frozen=True, kw_only=True):
    """Who an activity is for, where that is not one customer: one of these."""

    customers: (
        Annotated[tuple[Key, ...], Meta(min_length=1, max_length=LISTED_CUSTOMERS, description="These.")] | None
    ) = None
    segment: Annotated[Key, Meta(description="Those in the segment of this name.")] | None = None
    everybody: Annotated[bool, Meta(description="All who can be sent such a card.")] = False

    def faults(self) -> Iterator[Fault]:
        """Say that it is none, or several."""
        if (self.customers is not None) + (self.segment is not None) + self.everybody != 1:
            yield Fault("", "is to have one of customers, segment and everybody")


class ActivityFact(Judged, frozen=True, kw_only=True):
    """What a sender says of a state of its own. Dates and score belong to the state that they come with."""

    alert: ActivityAlert | None = None
    priority: Priority | None = None
    stale_date: StaleDate | None = None
    dismissal_date: DismissalDate | None = None
    relevance_score: RelevanceScore | None = None
    definition: Annotated[Key, Meta(description="A saved definition, which it was completed from.")] | None = None
    definition_version: Annotated[int, Meta(ge=1, description="The version that was used.")] | None = None

    def faults(self) -> Iterator[Fault]:
        """Name what is wrong with the alert, and with the definition."""
        if self.definition is None and self.definition_version is not None:
            yield Fault("/definitionVersion", "is of no definition: name it by definition")
        if self.alert is not None:
            yield from (Fault(f"/alert{each.pointer}", each.detail) for each in self.alert.faults())


class ActivityStarted(ActivityFact, frozen=True, kw_only=True):
    """The card is to be started on the phones of those whom it is for."""

    TYPE: ClassVar[str] = "activity.started"

    customer_id: Annotated[Key, Meta(description="Whose phones show the card.")] | None = None
    audience: Audience | None = None
    attributes_type: SwiftName
    attributes: Attributes | None
    content_state: ContentState | None
    show_at: Annotated[Moment, Meta(description="When the card should appear; at once if absent.")] | None = None
    carrier: Carrier | None = None
    channel_storage: ChannelStorage | None = None

    def faults(self) -> Iterator[Fault]:
        """Name what Apple's phones would drop, or what does not fit into a push."""
        yield from super().faults()
        if self.alert is None:
            yield Fault("/alert", "is missing: the phone drops a start without one")
        if self.audience is not None:
            if self.customer_id is not None:
                yield Fault("/audience", "stands in the place of customerId: give one of them")
            yield from (Fault(f"/audience{each.pointer}", each.detail) for each in self.audience.faults())
        elif self.customer_id is None:
            yield Fault("/customerId", "is missing: say who the card is for, by customerId or audience")
        yield from carrier_faults(self.carrier, self.channel_storage)
        yield from start_faults(self.attributes, self.content_state)


class ActivityUpdated(ActivityFact, frozen=True, kw_only=True):
    """The card shows something else. One without a start is of a card that the app has started itself."""

    TYPE: ClassVar[str] = "activity.updated"

    content_state: ContentState | None

    def faults(self) -> Iterator[Fault]:
        """Name what does not fit into a push."""
        yield from super().faults()
        yield from _too_large("/contentState", self.content_state, CONTENT_LIMIT_BYTES)


class ActivityEnded(ActivityFact, frozen=True, kw_only=True):
    """The card is over; without a content state it ends as it stands."""

    TYPE: ClassVar[str] = "activity.ended"

    content_state: ContentState | None = None

    def faults(self) -> Iterator[Fault]:
        """Name what does not fit into a push."""
        yield from super().faults()
        yield from _too_large("/contentState", self.content_state, CONTENT_LIMIT_BYTES)


ActivityEvent = ActivityStarted | ActivityUpdated | ActivityEnded


def carrier_faults(carrier: str | None, channel_storage: str | None) -> Iterator[Fault]:
    """Say that storage is given of a channel that there is not."""
    if channel_storage is not None and carrier != "channel":
        yield Fault("/channelStorage", 'is of a channel: give carrier as "channel", or leave this out')


def start_faults(attributes: dict[str, Any] | None, content_state: dict[str, Any] | None) -> Iterator[Fault]:
    """Name what Lockstep writes into attributes itself, and what a start has no room for."""
    for name in RESERVED_ATTRIBUTES:
        if name in (attributes or ()):
            yield Fault(f"/attributes/{name}", "is written by Lockstep; leave it out")
    yield from _too_large("/attributes", attributes, ATTRIBUTES_LIMIT_BYTES)
    yield from _too_large("/contentState", content_state, CONTENT_LIMIT_BYTES)
    both = _size(attributes or {}) + _size(content_state or {})
    if both > START_LIMIT_BYTES:
        yield Fault(
            "/contentState",
            f"and attributes have {both:,} bytes together, and a start has room for {START_LIMIT_BYTES:,}",
        )


def _too_long(place: str, text: str, limit_bytes: int) -> Iterator[Fault]:
    size = _size(text) - len('""')
    if size > limit_bytes:
        yield Fault(place, f"has {size:,} bytes as JSON, and the phone is told {limit_bytes} at the most; shorten it")


def _too_large(place: str, value: dict[str, Any] | None, limit_bytes: int) -> Iterator[Fault]:
    size = 0 if value is None else _size(value)
    if size > limit_bytes:
        yield Fault(place, f"has {size:,} bytes as compact JSON, and a push has room for {limit_bytes:,}")


def _size(value: Any) -> int:
    return len(_encode(value))
