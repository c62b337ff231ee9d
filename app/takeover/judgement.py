"""What becomes of a phone and of its cards when they are taken over: pure.

Rules:
    What was told last stands. What an app has told Lockstep itself, later than a line, is left as it is.
    A card is known again by ActivityKit's id, by its update token, or by when it was started.
    Of an order, no phone gets a second card: one that Lockstep only wanted becomes the one that is there; one that
    Lockstep has started keeps the other out.
    A push of the other backend that is later than ours has changed what the phone shows: it is sent the newest state.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from app.takeover.line import MovingCard, MovingPhone
from events.errors import Fault
from events.faults import without_value
from projections.activity import recipients_of
from projections.card import LIFETIME, OTHER
from projections.customer_view import CustomerView
from projections.errors import UnknownCardError
from projections.registry import CARDS
from projections.view import CardView


class Fate(StrEnum):
    """What becomes of a phone or of a card."""

    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"
    REFUSED = "refused"


class Token(msgspec.Struct, frozen=True):
    """A push token of a line, and who has it here.

    Attributes:
        holder: The device; None: nobody has it.
        told_at: When that one told of it last.
    """

    holder: str | None
    told_at: datetime | None


class KnownPhone(msgspec.Struct, frozen=True):
    """A phone as Lockstep knows it.

    Attributes:
        told_at: When it last told of itself, or signed out.
    """

    device_id: str
    customer_id: str | None
    app: str
    environment: str
    told_at: datetime


class KnownCard(msgspec.Struct, frozen=True):
    """A card that Lockstep has of the order on the phone, over or not; fields as in its row."""

    card_id: UUID
    attributes_type: str
    generation: int
    starter: str
    phase: str
    activity_id: str | None
    reported_state: str | None
    token_hash: bytes | None
    token_registered_at: datetime | None
    timestamp_used: int
    started_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is sent to it any more."""
        return self.phase in ("ending", "over") or self.reported_state in ("dismissed", "ended")


class PhoneVerdict(msgspec.Struct, frozen=True):
    """What becomes of a phone.

    Attributes:
        device_id: Its id here; another than that of the line, if its app has told of the same token since.
        customer_id: Who is signed in.
        told_later: Something later is known of it than the line: its app has told more since.
        other_ids: By which it went here before, as its tokens say.
    """

    fate: Fate
    why: str
    device_id: str
    customer_id: str | None
    told_later: bool = False
    other_ids: frozenset[str] = frozenset()


class CardVerdict(msgspec.Struct, frozen=True):
    """What becomes of a card.

    Attributes:
        fault: Why it is refused.
        takes: The card here that it is.
    """

    fate: Fate
    why: str
    fault: Fault | None = None
    takes: KnownCard | None = None


def judge_phone(phone: MovingPhone, known: KnownPhone | None, tokens: Sequence[Token]) -> PhoneVerdict:
    """Say what becomes of a phone.

    Args:
        phone: As a line has it.
        known: As Lockstep knows it, under the line's id or, if there is none, that of who has its tokens.
        tokens: Those of the line.
    """
    device_id = phone.device_id if known is None else known.device_id
    mine = phone.device.customer_id
    before = frozenset(each.holder for each in tokens if each.holder is not None) - {device_id}
    if known is None:
        return PhoneVerdict(Fate.NEW, _told(phone, tokens), device_id, mine, other_ids=before)
    if known.told_at > phone.registered_at:
        why = "its app has told Lockstep more since"
        if device_id != phone.device_id:
            why = f"its app has told Lockstep more since, as {device_id}"
        return PhoneVerdict(Fate.KNOWN, why, device_id, known.customer_id, told_later=True)
    if known.told_at == phone.registered_at:
        return PhoneVerdict(Fate.KNOWN, "as it is here", device_id, mine, other_ids=before)
    return PhoneVerdict(Fate.CHANGED, _told(phone, tokens), device_id, mine, other_ids=before)


def judge_card(
    card: MovingCard,
    customer_id: str | None,
    known: Collection[KnownCard],
    view: CardView | None,
    token_hash: bytes | None,
    now: datetime,
) -> CardVerdict:
    """Say what becomes of a card.

    Args:
        card: As a line has it.
        customer_id: Who is signed in on the phone.
        known: What Lockstep has of the order on this phone.
        view: The order; None: nothing is known of it.
        token_hash: The blind index of the card's update token.
        now: The database's time.
    """
    for fault in _faults(card, customer_id, view):
        return CardVerdict(Fate.REFUSED, fault.detail, fault)
    same = _same(card, known, token_hash)
    gone = card.is_over or now >= card.started_at + LIFETIME
    if same is None:
        ours = next((each for each in known if not each.is_over and each.starter != OTHER), None)
        if ours is not None and not gone:
            detail = (
                f"Lockstep has a card of its own of this order on the phone: let this one end (card {ours.card_id})"
            )
            return CardVerdict(Fate.REFUSED, detail, Fault("/subject", detail))
        return CardVerdict(Fate.NEW, _taken(card, view, gone=gone))
    if same.phase == "wanted":
        return CardVerdict(Fate.NEW, _taken(card, view, gone=gone), takes=same)
    if same.is_over:
        return CardVerdict(Fate.KNOWN, "it is over here", takes=same)
    news = list(_news(card, same, token_hash, gone=gone))
    if news:
        return CardVerdict(Fate.CHANGED, "; ".join(news), takes=same)
    return CardVerdict(Fate.KNOWN, "as it is here", takes=same)


def _faults(card: MovingCard, customer_id: str | None, view: CardView | None) -> Iterator[Fault]:
    """Name why a card cannot be taken over."""
    if view is None or not view.placed:
        return
    if not isinstance(view, CustomerView) and CARDS.gathering(view.kind) is not None:
        yield Fault("/subject", "is shown together with the customer's others by one card here: name that subject")
        return
    if not recipients_of(view).include(customer_id):
        whose = "nobody is signed in" if customer_id is None else "another customer is signed in"
        yield Fault("/subject", f"is for somebody else than this phone, where {whose}: give the customer's phone")
        return
    try:
        definition = CARDS.of_type(card.attributes_type, view.kind)
    except UnknownCardError as error:
        yield Fault("/attributesType", f"{error}: name a module with this card in LOCKSTEP_CARDS")
        return
    content = None if card.last_push is None else card.last_push.content_state
    if content is None:
        return
    try:
        msgspec.convert(content, definition.content_state)
    except msgspec.ValidationError as error:
        yield Fault(
            "/lastPush/contentState",
            f"is not what {card.attributes_type} holds here ({without_value(str(error))}): phones could not show what "
            "Lockstep sends; make its definition fit, or leave contentState out",
        )


def _same(card: MovingCard, known: Collection[KnownCard], token_hash: bytes | None) -> KnownCard | None:
    """Find the card that Lockstep knows already, or has only wanted."""
    newest = sorted(known, key=lambda each: each.generation, reverse=True)
    for each in newest:
        if card.activity_id is not None and each.activity_id == card.activity_id:
            return each
    for each in newest:
        if token_hash is not None and each.token_hash == token_hash:
            return each
    mine = [each for each in newest if each.attributes_type == card.attributes_type]
    unnamed = [each for each in mine if card.activity_id is None or each.activity_id is None]
    for each in unnamed:
        if each.started_at == card.started_at:
            return each
    for each in unnamed:
        if each.phase == "wanted" or (each.starter == OTHER and not each.is_over and not card.is_over):
            return each
    # one of another type that is only wanted becomes this one, unless that would be the second of its type
    return None if mine else next((each for each in newest if each.phase == "wanted"), None)


def _news(card: MovingCard, same: KnownCard, token_hash: bytes | None, *, gone: bool) -> Iterator[str]:
    """Name what a line knows of a card that Lockstep does not."""
    if gone:
        yield "it is over on the phone"
        return
    if has_newer_token(card, same, token_hash):
        yield "it has another update token"
    if card.timestamp > same.timestamp_used:
        yield "another backend has sent it something later: it is sent the newest state"
    if card.activity_id is not None and same.activity_id is None:
        yield "its ActivityKit id is known now"


def has_newer_token(card: MovingCard, same: KnownCard, token_hash: bytes | None) -> bool:
    """Tell whether a line has a later update token than Lockstep."""
    if token_hash is None or token_hash == same.token_hash:
        return False
    before, since = same.token_registered_at, card.registered_at
    return before is None or (since is not None and since > before)


def _taken(card: MovingCard, view: CardView | None, *, gone: bool) -> str:
    """Say what is to become of a card that is taken over."""
    if gone:
        how = card.state if card.is_over else "ended by the phone after eight hours"
        return f"noted as {how}: none is started in its place"
    if view is None or not view.placed:
        return "taken over; it waits for the events of its order, of which nothing is known here"
    if card.update_token is None:
        return "taken over; it waits for its update token"
    return "taken over; it ends, for its order is over" if view.over else "taken over; it is sent the newest state"


def _told(phone: MovingPhone, tokens: Sequence[Token]) -> str:
    """Say what is known of a phone from now on."""
    later = sum(each.told_at is not None and each.told_at > phone.registered_at for each in tokens)
    named = [f"{len(phone.device.tokens)} start tokens" if len(phone.device.tokens) != 1 else "a start token"]
    if phone.device.notification_token is not None:
        named.append("an alert token")
    told = " and ".join(named)
    return f"{told}; {later} of them another phone has told of later" if later else told
