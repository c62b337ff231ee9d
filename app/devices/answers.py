"""What a phone is told of its cards: pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec
import structlog

from app.devices.device import AnyReport, CardAnswer, LaunchCardReport, MissingCard
from projections.activity import is_activity, is_blanked, recipients_of
from projections.card import OTHER
from projections.customer_view import CustomerView
from projections.errors import RenderError
from projections.face import face_of
from projections.freshness import age_of, with_freshness
from projections.hindrance import PUSH_TO_START
from projections.phone import version_of
from projections.pictures import Album
from projections.plan_rules import PlanRules
from projections.registry import CARDS
from projections.view import CardView, type_of
from projections.view_store import StoredView

log = structlog.get_logger()


def answer_card(
    card_id: UUID,
    subject: str,
    card: asyncpg.Record | None,
    stored: StoredView | None,
    device_customer: str | None,
    rules: PlanRules,
    album: Album,
    report: LaunchCardReport | None = None,
) -> CardAnswer:
    """Say what the phone should do with a card.

    Args:
        card_id: Its id.
        subject: What it is of.
        card: None when it is over, or not this phone's to have.
        stored: What it shows.
        device_customer: Who is signed in.
        rules: The thresholds.
        album: The pictures on the phone.
        report: What the app said of it, at a launch.
    """
    view = None if stored is None else stored.shown
    activity_id = card["activity_id"] if card is not None else report.activity_id if report is not None else None
    attributes_type = (
        card["attributes_type"] if card is not None else report.attributes_type if report is not None else type_of(view)
    )
    known = view is not None and view.placed
    mine = card is not None and view is not None and _is_recipient(view, card["customer_id"], device_customer)
    over = (
        card is None or card["replaced"] or card["phase"] == "over" or card["reported_state"] in ("dismissed", "ended")
    )
    early = card is not None and view is not None and _is_early(view, card)
    end = over or (known and not mine) or (card is not None and view is not None and _is_over(view, card)) or early
    if card is not None and card["shared"]:
        # all phones that follow its channel show the same
        album = Album(album.assets, ())
    return CardAnswer(
        card_id=str(card_id),
        activity_id=activity_id,
        subject=subject,
        attributes_type=attributes_type,
        end=end,
        content_state=_content(stored, attributes_type, rules, album)
        if known and mine and stored is not None
        else None,
    )


def missing_cards(
    cards: Collection[asyncpg.Record],
    reported: Collection[UUID],
    views: Mapping[str, StoredView],
    device: AnyReport,
    rules: PlanRules,
    album: Album,
) -> list[MissingCard]:
    """List the cards that the phone should have, has not, and will not get from here.

    Args:
        cards: The cards of the phone that are not over.
        reported: Those that it has.
        views: By subject.
        device: What the phone said of itself.
        rules: How long the app may start a card before the server does, and how long a start may be on its way.
        album: The pictures on the phone.
    """
    newest: dict[tuple[str, str], asyncpg.Record] = {}
    for row in sorted(cards, key=lambda row: int(row["generation"])):
        newest[row["subject_id"], row["attributes_type"]] = row
    missing = []
    for (subject_id, attributes_type), row in newest.items():
        stored = views.get(subject_id)
        view = None if stored is None else stored.shown
        if row["card_id"] in reported or row["replaced"] or stored is None or view is None or _is_over(view, row):
            continue
        if not _is_recipient(view, row["customer_id"], device.customer_id) or _is_early(view, row):
            continue
        if not (_is_for_the_app(row, device, rules) or _never_arrived(row, rules)):
            continue
        card_id, content = str(row["card_id"]), _content(stored, attributes_type, rules, album)
        attributes = _attributes(view, card_id, subject_id, attributes_type)
        if content is None or attributes is None:
            continue
        missing.append(
            MissingCard(
                card_id=card_id,
                subject=subject_id,
                attributes_type=attributes_type,
                attributes=attributes,
                content_state=content,
            )
        )
    return missing


def _attributes(view: CardView, card_id: str, subject_id: str, attributes_type: str) -> msgspec.Raw | None:
    """Give what a card is started with; None: it cannot be drawn."""
    try:
        definition = CARDS.of_type(attributes_type, view.kind)
        return msgspec.Raw(definition.draw_attributes(view, card_id=card_id, subject_id=subject_id))
    except RenderError as error:
        log.error("card_failed", error=str(error))  # noqa: TRY400 - a traceback would carry personal values
        return None


def keys_named(views: Mapping[str, StoredView], places: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Give the keys of pictures that cards name, by subject and attributes type; those that cannot be drawn name none.

    Args:
        views: By subject.
        places: Subject and attributes type of each card.
    """
    keys: set[str] = set()
    for subject_id, attributes_type in places:
        stored = views.get(subject_id)
        if stored is not None and stored.shown.placed:
            face = face_of(stored.shown, b"", None, attributes_type)
            keys |= face.images
    return frozenset(keys)


def _content(stored: StoredView, attributes_type: str, rules: PlanRules, album: Album) -> msgspec.Raw | None:
    """Give what a card shows now, with the age of its news as a push would tell it; None: it cannot be drawn."""
    view = stored.shown
    if is_blanked(view):
        return None
    face = face_of(view, b"", None, attributes_type)
    if face.failure is not None:
        log.error("card_failed", error=str(face.failure))
        return None
    content = face.referring(album.refs(face.images), rules.placeholder, b"").content
    if is_activity(view):
        return msgspec.Raw(content)
    age = age_of(view.next_expected_at, view.heard_since(stored.heard_at), stored.read_at, rules.ages, over=view.over)
    return msgspec.Raw(with_freshness(content, age.level if rules.tell_age else None))


def _is_for_the_app(row: asyncpg.Record, device: AnyReport, rules: PlanRules) -> bool:
    """Tell whether a wanted card waits for the app: the server starts the others by itself."""
    if row["phase"] != "wanted":
        return False
    ios = device.ios_version
    if row["starter"] == "app" or (ios is not None and version_of(ios) < PUSH_TO_START):
        return True
    in_grace: bool = row["now"] < row["created_at"] + timedelta(seconds=rules.app_first_grace)
    return row["starter"] == "app_first" and in_grace


def _never_arrived(row: asyncpg.Record, rules: PlanRules) -> bool:
    """Tell whether a card was started and its phone never had it; one that it had was swiped away."""
    if row["phase"] != "shown" or row["reported_state"] is not None or row["started_at"] is None:
        return False
    late: bool = row["now"] >= row["started_at"] + timedelta(seconds=rules.arrival)
    return late


def _is_over(view: CardView, card: asyncpg.Record) -> bool:
    """Tell whether what a card shows is over; one for several orders may be from before those that are open now."""
    return view.over or (isinstance(view, CustomerView) and card["created_at"] < view.begun_at)


def _is_early(view: CardView, card: asyncpg.Record) -> bool:
    """Tell whether a card is ahead of its order's time; one that somebody else started as they thought right is not."""
    the_apps = card["starter"] in ("app", OTHER) and card["phase"] != "wanted"
    return view.is_early(card["now"]) and not the_apps


def _is_recipient(view: CardView, card_customer: str | None, device_customer: str | None) -> bool:
    return card_customer == device_customer and recipients_of(view).include(card_customer)
