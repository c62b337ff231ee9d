"""How many bytes the pushes of a card can get, by its types, its render and its alerts; nothing is sent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from app.apns import payload
from app.apns.preflight import MOST_BODY_BYTES, MOST_STATE_BYTES
from app.apns.push import alert_of
from events.errors import EventError
from projections.alert_text import BODY_LIMIT_BYTES, TITLE_LIMIT_BYTES
from projections.card_fields import CARD_ID_CHARACTERS
from projections.card_schema import FRESHNESS
from projections.card_shape import CardShape, Refusal
from projections.customer_view import CustomerView
from projections.definition import CardDefinition
from projections.errors import EvolveError, RenderError
from projections.longest_customer import longest_customers
from projections.longest_subject import LONGEST_SUBJECT_ID, longest_subjects
from projections.swift_names import CARD_ID, subject_key
from projections.view import View, without_personal
from projections.widest import Writing, size_bytes, widest

TOGETHER: Final = "attributes and content state"
_A_TIME: Final = 9_999_999_999
_FIELDS_NAMED: Final = 3

BytesByWriting = Mapping[Writing, int]


class Sizes(NamedTuple):
    """How large a card can get.

    Attributes:
        pushes: Start, update and end, and what the phone holds at once: each has 4,096 bytes.
        fields: Every field of the two structs and the alert, with its key, as it is without any trimming.
        refused: What does not fit, and what `render` does not manage.
    """

    pushes: Mapping[str, BytesByWriting]
    fields: Mapping[str, BytesByWriting]
    refused: list[Refusal]


def sizes_of(definition: CardDefinition, card: CardShape) -> Sizes:
    """Measure a card.

    Args:
        definition: One that this process knows.
        card: Its types, of which nothing was refused.
    """
    refused = dict[str, Refusal]()
    pushes, fields = dict[str, dict[Writing, int]](), dict[str, dict[Writing, int]]()
    for writing in Writing:
        attributes, content = _widest_attributes(card, definition.kind, writing), widest(card.content_state, writing)
        tried = _try_out(definition, writing)
        for each in tried.refused:
            refused.setdefault(each.field, each)
        parts = {"attributes.": attributes, "contentState.": content, "": {"alert": tried.longest_alert}}
        for half, members in parts.items():
            for key, member in members.items():
                fields.setdefault(half + key, {})[writing] = size_bytes({key: member}) - len("{")
        sizes = size_bytes(attributes), _content_bytes(definition, content)
        for push, size in _pushes(definition, *sizes, tried.longest_alert).items():
            pushes.setdefault(push, {})[writing] = size
    return Sizes(pushes, fields, [*refused.values(), *_too_large(pushes, fields)])


def _widest_attributes(card: CardShape, kind: str, writing: Writing) -> dict[str, Any]:
    """Give the largest attributes; what ids are made of is known."""
    value: dict[str, Any] = widest(card.attributes, writing)
    value[CARD_ID] = "f" * CARD_ID_CHARACTERS
    if (subject := subject_key(card, kind)) is not None:
        value[subject] = LONGEST_SUBJECT_ID
    return value


def _content_bytes(definition: CardDefinition, content: dict[str, Any]) -> int:
    allowed = size_bytes(content)
    if definition.content_limit_bytes is None:
        return allowed
    added = size_bytes(content) - size_bytes({key: member for key, member in content.items() if key != FRESHNESS})
    return min(allowed, definition.content_limit_bytes + added)


class _Tried(NamedTuple):
    longest_alert: payload.Alert
    refused: list[Refusal]


def _try_out(definition: CardDefinition, writing: Writing) -> _Tried:
    """Try what is a team's code on the longest subjects that events may bring."""
    alerts, refused = [payload.Alert("")], list[Refusal]()
    ids = {"card_id": "f" * CARD_ID_CHARACTERS, "subject_id": LONGEST_SUBJECT_ID}
    try:
        longest = longest_customers if definition.gathers else longest_subjects
        for view in longest(definition, writing):
            speakers = [each.view for each in view.orders] if isinstance(view, CustomerView) else [view]
            calls: dict[str, Callable[[], object]] = {
                "render": partial(definition.draw, view),
                "render_attributes": partial(definition.draw_attributes, view, **ids),
                "alerts": partial(_collect, alerts, definition, [without_personal(each) for each in speakers]),
            }
            refused += [each for name, call in calls.items() if (each := _failure(name, call)) is not None]
    except EvolveError as error:
        refused.append(Refusal("evolve", f"fails on the longest texts: {error}"))
    except EventError as error:
        places = ", ".join(fault.pointer for fault in error.faults)
        refused.append(Refusal("facts", f"cannot be tried: no text was found that {places} takes; give the pattern up"))
    return _Tried(max(alerts, key=size_bytes), refused)


def _failure(name: str, call: Callable[[], object]) -> Refusal | None:
    try:
        call()
    except RenderError as error:
        why = str(error).removeprefix(f"{error.attributes_type}: ")
        return Refusal(name, f"fails on the longest texts: {why}")
    return None


def _collect(alerts: list[payload.Alert], definition: CardDefinition, views: Iterable[View]) -> None:
    alerts.extend(
        alert_of(definition.words(each, view, locale))
        for view in views
        for locale in (None, *definition.locales)
        for each in (*definition.alerts, "")
    )


def _uncut_bytes(alert: payload.Alert) -> int:
    """Give by how much an alert may be larger whose texts were cut: another may fill its limit to the last byte."""
    missing = 0
    for text, limit in ((alert.title, TITLE_LIMIT_BYTES), (alert.body, BODY_LIMIT_BYTES)):
        said = (text.loc_key, *text.loc_args) if isinstance(text, payload.Localised) else (text,)
        written = [each for each in said if isinstance(each, str)]
        if any(each.endswith("…") for each in written):
            missing += max(0, limit - sum(size_bytes(each) - len('""') for each in written))
    return missing


def _pushes(
    definition: CardDefinition, attributes_bytes: int, content_bytes: int, alert: payload.Alert
) -> dict[str, int]:
    nothing = b"{}"
    start = payload.start(
        timestamp=_A_TIME,
        content_state=nothing,
        attributes_type=definition.attributes_type,
        attributes=nothing,
        alert=alert,
        stale_date=_A_TIME,
    )
    update = payload.update(timestamp=_A_TIME, content_state=nothing, alert=alert, stale_date=_A_TIME)
    end = payload.end(timestamp=_A_TIME, content_state=nothing, alert=alert, dismissal_date=_A_TIME)
    more = content_bytes - len(nothing) + _uncut_bytes(alert)
    return {
        "start": len(start) + more + attributes_bytes - len(nothing),
        "update": len(update) + more,
        "end": len(end) + more,
        TOGETHER: attributes_bytes + content_bytes,
    }


def _too_large(pushes: Mapping[str, BytesByWriting], fields: Mapping[str, BytesByWriting]) -> Iterator[Refusal]:
    largest = sorted(fields, key=lambda field: -max(fields[field].values()))[:_FIELDS_NAMED]
    cure = ", ".join(f"{field} ({max(fields[field].values()):,})" for field in largest)
    for push, by_writing in pushes.items():
        limit = MOST_STATE_BYTES if push == TOGETHER else MOST_BODY_BYTES
        if (most := max(by_writing.values())) > limit:
            yield Refusal(push, f"may have {most:,} of {limit:,} bytes; the largest fields are {cure}")
