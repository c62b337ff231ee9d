"""A line of the file by which phones and running cards move from one backend to another: pure.

A line is a phone: its device id, when it told of its tokens, what it said of itself as in
`PUT /v1/devices/{device_id}`, and the cards that it has or had.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec.structs import replace

from app.devices.device import AndroidReport, AnyReport, CardState, DeviceReport, Identifier, Token, Word
from events.document import LIMIT_BYTES, pointer_to, read_document
from events.errors import DocumentError, Fault
from events.faults import misfit
from projections.plan_rules import PlanRules

LONGEST_LINE: Final = LIMIT_BYTES
CLOCK_SKEW: Final = timedelta(minutes=1)
_MOST_VALUES: Final = 20_000
_MILLISECONDS: Final = 100_000_000_000
"""A timestamp beyond this is none in seconds: they get there in the year 5138."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class LastPush(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """The newest push that a backend has sent to a card.

    Attributes:
        timestamp: Its `aps.timestamp`, Unix seconds: the next has to be later.
        content_state: What it made the card show; None where that is not known any more.
    """

    timestamp: Annotated[int, msgspec.Meta(ge=0)]
    content_state: dict[str, Any] | None = None


class MovingCard(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True,
                 kw_only=True):  # fmt: skip
    """A card that somebody else has started.

    Attributes:
        subject: What it is of: the id of the order here.
        attributes_type: The Swift type's bare name.
        activity_id: ActivityKit's own id.
        update_token: In hex; None as long as the phone has told of none.
        registered_at: When the phone told of that token; if absent, when it last told of itself.
        state: What became of the card.
        started_at: When it was started; after eight hours the phone ends it.
        last_push: None: there was none after the start.
    """

    subject: Identifier
    attributes_type: Word
    activity_id: Word | None = None
    update_token: Token | None = None
    registered_at: Moment | None = None
    state: CardState = "active"
    started_at: Moment
    last_push: LastPush | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether it has left the phone."""
        return self.state in ("dismissed", "ended")

    @property
    def timestamp(self) -> int:
        """Give the timestamp that the next push has to be later than."""
        return int(self.started_at.timestamp()) if self.last_push is None else self.last_push.timestamp


class MovingPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A phone, and its cards.

    Attributes:
        device_id: Its id, best the one by which its app will tell of itself.
        registered_at: When it last told of itself.
        device: What it said.
    """

    device_id: str
    registered_at: datetime
    device: AnyReport
    cards: tuple[MovingCard, ...]


class _Line(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    device_id: Identifier
    registered_at: Moment
    device: dict[str, Any]
    cards: Annotated[tuple[MovingCard, ...], msgspec.Meta(max_length=50)] = ()


def read_line(text: bytes) -> MovingPhone:
    """Read a line.

    Raises:
        DocumentError: It is none; with every fault that could be found.
    """
    document = read_document(text, limit_bytes=LONGEST_LINE, limit_nodes=_MOST_VALUES)
    try:
        line = msgspec.convert(document, _Line)
    except msgspec.ValidationError as error:
        raise DocumentError([misfit(error, _Line)]) from None
    device = _read_device(line.device)
    faults = list(_card_faults(line.cards, device))
    if faults:
        raise DocumentError(faults)
    cards = tuple(replace(each, registered_at=each.registered_at or line.registered_at) for each in line.cards)
    return MovingPhone(device_id=line.device_id, registered_at=line.registered_at, device=device, cards=cards)


def time_faults(phone: MovingPhone, now: datetime, rules: PlanRules) -> list[Fault]:
    """Name the times of a line that cannot be, by the clock of the database."""
    latest, faults = now + CLOCK_SKEW, list[Fault]()
    ahead = "is in the future by the database's clock; give the time at which it happened, and set that clock right"
    if phone.registered_at > latest:
        faults.append(Fault("/registeredAt", ahead))
    for index, card in enumerate(phone.cards):
        place = f"/cards/{index}"
        if card.started_at > latest:
            faults.append(Fault(f"{place}/startedAt", ahead))
        if card.registered_at is not None and card.registered_at > latest:
            faults.append(Fault(f"{place}/registeredAt", ahead))
        if card.timestamp > _MILLISECONDS:
            faults.append(Fault(f"{place}/lastPush/timestamp", "is in milliseconds; give aps.timestamp, in seconds"))
        elif card.timestamp > now.timestamp() + rules.clock_wait:
            detail = (
                f"is more than {rules.clock_wait:g} s ahead of the database's clock: the phone would drop every push "
                "until then; set that clock right, or let the card end and leave it out"
            )
            faults.append(Fault(f"{place}/lastPush/timestamp", detail))
    return faults


def _read_device(document: dict[str, Any]) -> AnyReport:
    platform = document.pop("platform", "ios")
    if "cards" in document:
        raise DocumentError([Fault("/device/cards", "is no field here; give cards beside device")])
    if platform not in ("ios", "android"):
        raise DocumentError([Fault("/device/platform", "is ios or android")])
    shape: type[DeviceReport | AndroidReport] = DeviceReport if platform == "ios" else AndroidReport
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        fault = misfit(error, shape)
        raise DocumentError([Fault(f"/device{fault.pointer}", fault.detail)]) from None


def _card_faults(cards: tuple[MovingCard, ...], device: AnyReport) -> list[Fault]:
    faults = list[Fault]()
    if cards and isinstance(device, AndroidReport):
        detail = (
            "are of iPhones; leave them out: an Android app shows an order under its id as the notification's tag, so "
            "Lockstep's first message takes the place of what is there"
        )
        faults.append(Fault("/cards", detail))
    seen: dict[str, int] = {}
    for index, card in enumerate(cards):
        for name, value in (("activityId", card.activity_id), ("updateToken", card.update_token)):
            place = pointer_to(f"/cards/{index}", name)
            first = index if value is None else seen.setdefault(f"{name} {value.lower()}", index)
            if first != index:
                faults.append(Fault(place, f"is that of /cards/{first} too; a card is told of once"))
    return faults
