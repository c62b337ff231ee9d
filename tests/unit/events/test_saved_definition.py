"""What a definition adds to an event, and what is said of one that cannot be saved."""

from datetime import timedelta
from typing import Any, Final

import pytest

from app.http.drafts import Invalid, read_plain_event
from events.codec import document_of, encode_new, encode_recorded
from events.document import read_document
from events.envelope import NewEvent, as_recorded
from events.errors import EventError
from events.saved_definition import (
    Named,
    Reference,
    SavedDefinition,
    completed,
    decode_definition,
    encode_definition,
    read_definition,
    reference_of,
)
from tests.examples.events import KEY, NOON

GOAL: Final = {"title": "PAOK against Aris", "body": {"default": "Goal!", "byLocale": {"el": "Γκολ!"}}}
KICK_OFF: Final = {"title": "PAOK against Aris", "body": "Kick-off!"}
DOCUMENT: Final[dict[str, Any]] = {
    "attributesType": "MatchAttributes",
    "attributes": {"league": "A", "home": "?"},
    "contentState": {"score": [0, 0], "minute": 0},
    "alerts": {"start": KICK_OFF, "goal": GOAL},
    "relevanceScore": 0,
    "staleAfterSeconds": 600,
    "dismissAfterSeconds": 60,
}
FOUND: Final = {Reference("match"): Named("match", 3, read_definition(DOCUMENT))}


def complete(name: str, **data: Any) -> dict[str, Any]:
    """Complete an event's data from the definition."""
    return completed({"definition": "match", **data}, f"activity.{name}", FOUND, NOON)


def test_a_start_has_what_the_definition_says_unless_it_says_otherwise() -> None:
    """Attributes and state key by key; null stands for none."""
    whole = complete("started", customerId="c", attributes={"home": "PAOK"}, contentState={"minute": 1}, staleDate=None)

    assert whole == {
        "customerId": "c",
        "definition": "match",
        "definitionVersion": 3,
        "attributesType": "MatchAttributes",
        "attributes": {"league": "A", "home": "PAOK"},
        "contentState": {"score": [0, 0], "minute": 1},
        "alert": KICK_OFF,
        "relevanceScore": 0.0,
        "staleDate": None,
    }


def test_a_start_has_the_carrier_of_its_definition_unless_it_chooses_another() -> None:
    """The storage goes with the channel; updates and ends have neither."""
    saved = read_definition(DOCUMENT | {"carrier": "channel", "channelStorage": "none"})
    found = {Reference("match"): Named("match", 3, saved)}

    def carried(name: str, **data: Any) -> dict[str, Any]:
        whole = completed({"definition": "match", **data}, f"activity.{name}", found, NOON)
        return {key: each for key, each in whole.items() if key in ("carrier", "channelStorage")}

    assert carried("started") == {"carrier": "channel", "channelStorage": "none"}
    assert carried("started", channelStorage="latest") == {"carrier": "channel", "channelStorage": "latest"}
    assert carried("started", carrier="token") == {"carrier": "token"}
    assert carried("started", carrier=None) == {"carrier": None}
    assert carried("updated") == carried("ended") == {}


def test_an_update_names_an_alert_and_counts_its_times_from_when_it_occurred() -> None:
    """Without a name it is quiet."""
    quiet, loud = complete("updated", contentState={"minute": 9}), complete("updated", alert="goal")

    assert quiet == {
        "definition": "match",
        "definitionVersion": 3,
        "contentState": {"score": [0, 0], "minute": 9},
        "relevanceScore": 0.0,
        "staleDate": (NOON + timedelta(minutes=10)).isoformat(),
    }
    assert loud["alert"]["body"] == GOAL["body"]


def test_an_end_is_dismissed_when_the_definition_says() -> None:
    """It gives no state of its own accord."""
    assert complete("ended") == {
        "definition": "match",
        "definitionVersion": 3,
        "relevanceScore": 0.0,
        "dismissalDate": (NOON + timedelta(minutes=1)).isoformat(),
    }


@pytest.mark.parametrize(
    ("data", "place", "why"),
    [
        ({"definition": "other"}, "/data/definition", "is not saved"),
        ({"definition": 7}, "/data/definition", "is not saved"),
        ({"definition": "match", "definitionVersion": 9}, "/data/definitionVersion", "is not saved"),
        ({"definition": "match", "alert": "gaol"}, "/data/alert", "its alerts: goal, start"),
    ],
)
def test_what_a_definition_does_not_have_is_named(data: dict[str, Any], place: str, why: str) -> None:
    """With where to look."""
    with pytest.raises(EventError) as caught:
        completed(data, "activity.updated", FOUND, NOON)

    [fault] = caught.value.faults
    assert (fault.pointer, why in fault.detail) == (place, True)


def test_a_reference_may_name_a_version() -> None:
    """Whatever is none is not looked for."""
    assert reference_of({"definition": "match", "definitionVersion": 2}) == Reference("match", 2)
    assert [
        reference_of(each) for each in ({}, {"definition": "a b"}, {"definition": "a", "definitionVersion": 0})
    ] == [
        None,
        None,
        None,
    ]


def drafted(definition: SavedDefinition, version: int) -> NewEvent:
    """Give the event of one call, completed from a version of the definition."""
    draft = read_plain_event(
        {"type": "activity.updated", "data": {"definition": "match", "contentState": {"minute": 9}}},
        order_id="match-1",
        event_id="e",
        key=KEY,
        now=NOON,
        trace=None,
        definitions={Reference("match"): Named("match", version, definition)},
    )
    assert not isinstance(draft, Invalid)
    return draft


def test_a_repeat_is_known_by_what_was_sent() -> None:
    """Though the definition has another version by then; an import takes any content for the same."""
    first = drafted(read_definition(DOCUMENT), 1)
    later = drafted(read_definition(DOCUMENT | {"contentState": {"score": [9, 9]}}), 2)
    event = as_recorded(first, 1, NOON)
    imported = encode_recorded(event, document_of(event), whole=True, key=KEY)

    assert (first.digest, imported.digest) == (later.digest, b"")
    assert first.personal != later.personal


def test_a_version_without_a_definition_is_refused() -> None:
    """It would claim what is not so."""
    data = {"contentState": {}, "definitionVersion": 1}
    with pytest.raises(EventError) as caught:
        encode_new(
            subject_id="m", source="s", event_id="e", type="activity.updated", data=data, occurred_at=NOON, key=KEY
        )
    assert [each.pointer for each in caught.value.faults] == ["/data/definitionVersion"]


@pytest.mark.parametrize(
    ("document", "place", "why"),
    [
        ([], "", "is to be an object"),
        ({}, "/attributesType", "is missing"),
        (DOCUMENT | {"alerts": {"goal": {"title": "a"}}}, "/alerts/goal/body", "is missing"),
        (DOCUMENT | {"alerts": {"goal": GOAL | {"body": {"byLocale": {"el": "a"}}}}}, "/alerts/goal/body", "locKey"),
        (DOCUMENT | {"staleAfterSeconds": 0}, "/staleAfterSeconds", ">= 1"),
        (DOCUMENT | {"channelStorage": "none"}, "/channelStorage", 'give carrier as "channel"'),
        (DOCUMENT | {"colour": "red"}, "/colour", "is not known here"),
        (DOCUMENT | {"attributes": {"subject": "x"}}, "/attributes/subject", "leave it out"),
        (DOCUMENT | {"contentState": {"a": "x" * 3_000}}, "/contentState", "room for 2,688"),
        (DOCUMENT | {"contentState": {"a": "\ud800"}}, "/contentState/a", "surrogate"),
    ],
)
def test_what_cannot_be_saved_is_said_field_by_field(document: Any, place: str, why: str) -> None:
    """Before anything refers to it."""
    with pytest.raises(EventError) as caught:
        read_definition(document)

    assert why in next(each.detail for each in caught.value.faults if each.pointer == place)


def test_a_definition_is_read_as_it_was_saved() -> None:
    """In its canonical form."""
    definition = read_definition(read_document(encode_definition(read_definition(DOCUMENT))))

    assert definition == read_definition(DOCUMENT) == decode_definition(encode_definition(definition))
