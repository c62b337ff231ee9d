"""What a card is: which Swift types it fills, how a view becomes their values, and what its alerts say.

The card of an order is one of these, and so is a team's own, whose module holds it as `CARD`. A render is a team's
code: what it raises, or gives that its types do not allow, fails its card alone, and is told without a value of the
subject.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from events.fact import Fact
from events.upcasts import OldShapes
from projections.alert_text import (
    BODY_LIMIT_BYTES,
    TITLE_LIMIT_BYTES,
    AlertText,
    EventAlert,
    LocalisedText,
    Words,
    keys_of,
    locales_of,
    spoken,
)
from projections.android_face import AndroidFace, bounded_android, plain_android
from projections.channel import Carrier, Storage
from projections.errors import RenderError
from projections.layout import PhoneLayout
from projections.raised import raised
from projections.steps import Step
from projections.web_face import WebFace, bounded, in_words, plain_face

ORDER: Final = "order"
"""The kind of subject that Lockstep folds itself."""

CUSTOMER: Final = "customer"
"""The kind of a subject that is all open orders of a customer."""

PLACED: Final = "order.placed"
"""The type of the event that opens an order."""

_encode: Final = msgspec.json.Encoder().encode
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_T = TypeVar("_T")
_QUOTED: Final = re.compile(r"'.*'", re.DOTALL)


class CardDefinition(Struct, frozen=True, kw_only=True):
    """A card. One without facts is another look of orders.

    Attributes:
        kind: The kind of the subjects that it shows; the types of their events begin with it, `booking.made`.
        attributes_type: The bare name of the Swift struct that conforms to `ActivityAttributes`.
        attributes: What it is started with and keeps; fields are camelCase in JSON, texts are bounded by `max_length`.
        content_state: What changes on it, likewise; times are whole Unix seconds.
        content_limit_bytes: What `render` keeps its JSON to by leaving something out; None where the types suffice.
        breaks: What builds of the app from before cannot decode, as `lockstep card check --against` names the fields,
            each with the reason why it may be: `{"contentState.seat": "builds before 42 are gone"}`.
        render: From a view to the content state.
        render_attributes: From a view, `card_id` and `subject_id` to the attributes.
        render_web: From a view to what the tracking page shows of it; None: what its content state says, by the names
            of its fields.
        render_android: From a view to the Live Update of an Android phone; None: what the tracking page says.
        layout: How the console draws it as an iPhone would; None: by the names of its fields.
        alerts: What the alert of an event says, by its type: words alone, or with a title and a sound of its own. Its
            functions get a view without personal values, for it lights a locked screen.
        otherwise: What an alert says of other events.
        title: The title of alerts that have none of their own, likewise.
        facts: What may happen to a subject, as it is written today. The one with `customer_id` opens it; in any,
            `expected_at` tells when the next thing is expected and `show_at` when the card is to appear.
        old_shapes: (type, version) → the shape that a fact had before, and the step that leads to the version after it.
        steps: What each type does to the status, the progress, the history and the alerts.
        state: What else is known of a subject: a frozen struct in which everything has a default. Personal fields
            carry `PERSONAL`; they are sealed, and an erasure gives them their defaults.
        evolve: From a state, a fact and the time at which it takes effect, aware UTC, to the next state. Pure: the log
            is folded again, and is to give the same.
        version: Raised with every change of what the same events fold to.
        carrier: What carries its updates: a token each, or a channel for all cards of a subject; None leaves it to the
            setting LOCKSTEP_CARRIER.
        channel_storage: What APNs keeps of a channel for phones that are offline.
        images: The fields of the content state, as JSON has them, that hold keys of pictures: `imageKey`, or
            `orders.imageKey`. Keys of the manifest become what the phone has.
        placeholder: The picture of the app's own in the place of one that the phone has not; None: as it is set.
        gathers: Of a card of the kind `customer`: the kinds whose subjects it shows together, instead of a card each.
    """

    kind: str = ORDER
    attributes_type: str
    attributes: type[Struct]
    content_state: type[Struct]
    content_limit_bytes: int | None = None
    breaks: Mapping[str, str] = MappingProxyType({})
    render: Callable[[Any], Struct]
    render_attributes: Callable[..., Struct]
    render_web: Callable[[Any], WebFace] | None = None
    render_android: Callable[[Any], AndroidFace] | None = None
    layout: PhoneLayout | None = None
    alerts: Mapping[str, Words | EventAlert]
    otherwise: Words | EventAlert
    title: Words
    facts: tuple[type[Fact], ...] = ()
    old_shapes: OldShapes = {}
    steps: Mapping[str, Step] = {}
    state: type[Struct] | None = None
    evolve: Callable[[Any, Any, datetime], Struct] | None = None
    version: int = 1
    carrier: Carrier | None = None
    channel_storage: Storage = "latest"
    gathers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    placeholder: str | None = None

    @property
    def opening(self) -> str:
        """Name the type of the event that opens a subject."""
        opening = [fact.TYPE for fact in self.facts if "customer_id" in fact.__struct_fields__]
        return opening[0] if opening else PLACED

    def draw(self, view: Any) -> bytes:
        """Give the content state of a view, JSON.

        Raises:
            RenderError: `render` raised, or gave what the content state does not allow.
        """
        content = self._encoded("render", self.content_state, lambda: self.render(view))
        if self.content_limit_bytes is not None and len(content) > self.content_limit_bytes:
            why = (
                f"render gave {len(content):,} bytes, more than the {self.content_limit_bytes:,} of content_limit_bytes"
            )
            raise RenderError(self.attributes_type, why)
        return content

    def draw_attributes(self, view: Any, *, card_id: str, subject_id: str) -> bytes:
        """Give the attributes of a card, JSON.

        Raises:
            RenderError: `render_attributes` raised, or gave what the attributes do not allow.
        """
        ids = {"card_id": card_id, "subject_id": subject_id}
        return self._encoded("render_attributes", self.attributes, lambda: self.render_attributes(view, **ids))

    def draw_web(self, view: Any, content: bytes) -> WebFace:
        """Give what the tracking page shows of a view.

        Args:
            view: With its personal values: whoever has a ticket may read them.
            content: Its content state, JSON.

        Raises:
            RenderError: `render_web` or the title raised, or gave something else.
        """
        if self.render_web is None:
            return plain_face(self._heading(view), _read_object(content))
        return bounded(self._given("render_web", self.render_web, view, WebFace))

    def draw_android(self, view: Any, page: WebFace, *, over: bool) -> AndroidFace:
        """Give the Live Update of a view.

        Args:
            view: With its personal values.
            page: What the tracking page shows of it.
            over: Whether the subject is over.

        Raises:
            RenderError: `render_android` raised, or gave something else.
        """
        if self.render_android is None:
            return plain_android(page, over=over)
        return bounded_android(self._given("render_android", self.render_android, view, AndroidFace))

    def _given(self, name: str, render: Callable[[Any], Any], view: Any, shape: type[_T]) -> _T:
        try:
            given = render(view)
        except Exception as error:  # noqa: BLE001 - a team's code
            raise self._failed(name, error) from None
        if not isinstance(given, shape):
            raise RenderError(self.attributes_type, f"{name} gave {type(given).__name__}, not {shape.__name__}")
        return given

    def _heading(self, view: Any) -> str:
        title = self._spoken("title", self.title, view, None, TITLE_LIMIT_BYTES)
        return title if isinstance(title, str) else in_words(self.kind)

    @property
    def string_keys(self) -> tuple[str, ...]:
        """Name the keys that the app's strings must have for the alerts, in the order of the definition."""
        return tuple(dict.fromkeys(key for each in self._alerts for key in keys_of(each)))

    @property
    def locales(self) -> tuple[str, ...]:
        """Name the locales that an alert has words of its own for."""
        return tuple(dict.fromkeys(tag for each in self._alerts for tag in locales_of(each)))

    @property
    def _alerts(self) -> tuple[Words | EventAlert, ...]:
        return (self.title, *self.alerts.values(), self.otherwise)

    def words(self, event_type: str, view: Any, locale: str | None = None) -> AlertText:
        """Say what happened.

        Args:
            event_type: Of what happened.
            view: Without personal values.
            locale: The phone's, BCP 47; None for unknown.

        Raises:
            RenderError: A function of the alert raised, or gave no text.
        """
        alert = self._said(event_type, view)
        title = self.title if alert.title is None else alert.title
        return AlertText(
            self._spoken("title", title, view, locale, TITLE_LIMIT_BYTES),
            self._spoken("body", alert.body, view, locale, BODY_LIMIT_BYTES),
            alert.sound,
        )

    def _said(self, event_type: str, view: Any) -> EventAlert:  # noqa: ARG002 - those of senders ask it
        found = self.alerts.get(event_type, self.otherwise)
        return found if isinstance(found, EventAlert) else EventAlert(body=found)

    def _spoken(self, name: str, words: Words, view: Any, locale: str | None, limit_bytes: int) -> str | LocalisedText:
        try:
            return spoken(words, view, locale, limit_bytes)
        except Exception as error:  # noqa: BLE001 - a team's code
            raise self._failed(name, error) from None

    def _encoded(self, name: str, shape: type[Struct], give: Callable[[], Struct]) -> bytes:
        try:
            given = give()
        except Exception as error:  # noqa: BLE001 - a team's code
            raise self._failed(name, error) from None
        if not isinstance(given, shape):
            raise RenderError(self.attributes_type, f"{name} gave {type(given).__name__}, not {shape.__name__}")
        try:
            content = _encode(given)
            _decoder(shape)(content)
        except msgspec.ValidationError as error:
            # words of a value may be quoted, and may be personal
            wrong = _QUOTED.sub("…", str(error))
            raise RenderError(self.attributes_type, f"{name} gave what {shape.__name__} forbids: {wrong}") from None
        except (TypeError, ValueError, RecursionError) as error:
            why = f"{name} gave a {shape.__name__} that is no JSON ({type(error).__name__})"
            raise RenderError(self.attributes_type, why) from None
        return content

    def _failed(self, name: str, error: Exception) -> RenderError:
        return RenderError(self.attributes_type, raised(name, error))


class SendersCard(CardDefinition, frozen=True, kw_only=True):
    """A card of subjects whose sender holds the state, and says of each push how it is to be.

    Any event opens such a subject; whose it is stands in the state, as `customer_id`. Once erased nothing of it is left
    to be shown. Attributes and content state are objects of the sender's own.

    Attributes:
        says: Gives the alert from a view.
        urgent_of: Tells of a fact whether the push that shows it is urgent.
    """

    says: Callable[[Any], EventAlert]
    urgent_of: Callable[[Any], bool]

    def _said(self, event_type: str, view: Any) -> EventAlert:  # noqa: ARG002 - the sender has said it
        return self.says(view)


_DECODERS: Final[dict[type[Struct], Callable[[bytes], Any]]] = {}


def _decoder(shape: type[Struct]) -> Callable[[bytes], Any]:
    found = _DECODERS.get(shape)
    if found is None:
        found = _DECODERS[shape] = msgspec.json.Decoder(shape).decode
    return found
