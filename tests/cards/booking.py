"""A table in a restaurant: events, state, fold and card of a team's own."""

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from events.fact import Fact, Key, Moment, PersonName, Text
from projections.definition import CardDefinition
from projections.own_view import OwnView
from projections.steps import Step
from projections.web_face import WebFace, WebLine

# What may happen.


class BookingMade(Fact, frozen=True, kw_only=True):
    """Somebody has booked a table."""

    TYPE: ClassVar[str] = "booking.made"

    customer_id: Key
    restaurant: Text
    party: Annotated[int, Meta(ge=1, le=50)]
    guest_name: PersonName | None
    expected_at: Moment
    show_at: Moment | None = None


class BookingMoved(Fact, frozen=True, kw_only=True):
    """It is for another time."""

    TYPE: ClassVar[str] = "booking.moved"

    expected_at: Moment
    show_at: Moment | None = None


class TableReady(Fact, frozen=True, kw_only=True):
    """The table waits for the guests."""

    TYPE: ClassVar[str] = "booking.table_ready"

    table: Annotated[str, Meta(min_length=1, max_length=16)]


class GuestArrived(Fact, frozen=True, kw_only=True):
    """One of the party is there."""

    TYPE: ClassVar[str] = "booking.guest_arrived"

    guest_id: Key


class BookingCompleted(Fact, frozen=True, kw_only=True):
    """The guests have left."""

    TYPE: ClassVar[str] = "booking.completed"


class BookingCancelled(Fact, frozen=True, kw_only=True):
    """There will be no dinner."""

    TYPE: ClassVar[str] = "booking.cancelled"


# What each of it does.

STEPS = {
    "booking.made": Step("made", rank=2),
    "booking.moved": Step(rank=1),
    "booking.table_ready": Step("table_ready", 50, rank=3),
    "booking.guest_arrived": Step(line="guest_arrived", key_of=lambda fact: f"guest:{fact.guest_id}"),
    "booking.completed": Step("completed", 100, terminal=True),
    "booking.cancelled": Step("cancelled", rank=3, terminal=True),
}


# What is known of a booking.


class Booking(Struct, frozen=True):
    """What a card shows of it, beside the status and the times, which Lockstep keeps."""

    restaurant: str = ""
    party: int = 0
    guest_name: PersonName | None = None
    table: str | None = None
    arrived: int = 0


def evolve(booking: Booking, fact: Fact, _at: datetime) -> Booking:
    """Give what is known after one more fact."""
    match fact:
        case BookingMade():
            return Booking(restaurant=fact.restaurant, party=fact.party, guest_name=fact.guest_name)
        case TableReady():
            return replace(booking, table=fact.table)
        case GuestArrived():
            return replace(booking, arrived=booking.arrived + 1)
        case _:
            return booking


# What a phone shows.


class BookingAttributes(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a card is started with and keeps."""

    card_id: Annotated[str, Meta(max_length=36)]
    booking_id: Annotated[str, Meta(max_length=128)]
    restaurant: Annotated[str, Meta(max_length=64)]


class BookingContent(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What changes on it; times are whole Unix seconds."""

    status: Annotated[str, Meta(max_length=16)]
    guest: Annotated[str, Meta(max_length=64)] | None = None
    time: int
    party: int
    arrived: int
    table: Annotated[str, Meta(max_length=16)] | None = None
    updated_at: int


def render(view: OwnView) -> BookingContent:
    """Give what changes on the card."""
    booking: Booking = view.state
    return BookingContent(
        status=view.status,
        guest=None if booking.guest_name is None else booking.guest_name[:64],
        time=0 if view.next_expected_at is None else int(view.next_expected_at.timestamp()),
        party=booking.party,
        arrived=booking.arrived,
        table=booking.table,
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )


def render_attributes(view: OwnView, *, card_id: str, subject_id: str) -> BookingAttributes:
    """Give what the card keeps."""
    return BookingAttributes(card_id=card_id, booking_id=subject_id, restaurant=view.state.restaurant[:64])


def render_web(view: OwnView) -> WebFace:
    """Give what the tracking page shows."""
    booking: Booking = view.state
    return WebFace(
        title=booking.restaurant,
        headline="Your table is ready" if view.status == "table_ready" else "Your table is booked",
        text=None if booking.table is None else f"You sit at table {booking.table}.",
        progress=view.progress_percent / 100,
        lines=(WebLine("Party of", str(booking.party)), WebLine("Here already", str(booking.arrived))),
    )


CARD = CardDefinition(
    kind="booking",
    facts=(BookingMade, BookingMoved, TableReady, GuestArrived, BookingCompleted, BookingCancelled),
    steps=STEPS,
    state=Booking,
    evolve=evolve,
    attributes_type="BookingAttributes",
    attributes=BookingAttributes,
    content_state=BookingContent,
    render=render,
    render_attributes=render_attributes,
    render_web=render_web,
    alerts={
        "booking.made": "Your table is booked.",
        "booking.moved": "Your table has a new time.",
        "booking.table_ready": "Your table is ready.",
        "booking.cancelled": "Your table was cancelled.",
    },
    otherwise="There is news of your table.",
    title=lambda view: view.state.restaurant,
)
