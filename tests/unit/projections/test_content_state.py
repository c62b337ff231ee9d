"""The default card, as the phone decodes it."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.envelope import RecordedEvent
from projections.content_state import ATTRIBUTES_LIMIT_BYTES, CARD, CONTENT_LIMIT_BYTES, ContentState
from projections.face import content_hash
from projections.order_view import EMPTY, fold
from tests.examples.events import KEY, happened
from tests.examples.histories import histories
from tests.examples.views import evolve, on_its_way


def test_the_card_of_an_order_on_its_way() -> None:
    """The whole content state, and nothing that is absent."""
    assert json.loads(CARD.draw(on_its_way())) == {
        "status": "picked_up",
        "courierName": "Anna Kaya",
        "deliveryTime": 1762000920,
        "progress": 0.75,
        "history": [
            {"step": "placed", "at": 1761998460},
            {"step": "accepted", "at": 1761998520},
            {"step": "courier_assigned", "at": 1761998580},
            {"step": "picked_up", "at": 1761998640},
        ],
        "imageKey": "bicycle",
        "note": "No onions for Eleni",
        "updatedAt": 1761998640,
    }
    bare = fold(EMPTY, [happened(1, "order.placed", {"customerId": "c", "merchantName": "M"})])
    assert set(json.loads(CARD.draw(bare))) == {"status", "progress", "history", "updatedAt"}


def test_the_attributes_name_the_card_and_the_order() -> None:
    """They are fixed at the start; an unknown number is left out."""
    view = on_its_way()

    assert CARD.attributes_type == "OrderAttributes"
    assert json.loads(CARD.draw_attributes(view, card_id="card-1", subject_id="order-1")) == {
        "cardId": "card-1",
        "orderId": "order-1",
        "orderNumber": "A-1042",
        "merchantName": "Taverna Ilios",
    }
    assert b"orderNumber" not in CARD.draw_attributes(replace(view, order_number=None), card_id="c", subject_id="o")


def test_long_texts_are_cut() -> None:
    """160 characters are what a Lock Screen can hold."""
    state = json.loads(CARD.draw(replace(on_its_way(), note="ä" * 500, courier_name="ö" * 161)))

    assert (state["note"], state["courierName"]) == ("ä" * 160, "ö" * 160)


def test_history_shows_its_newest_twelve_lines() -> None:
    """Older lines are not on the card."""
    view = fold(on_its_way(), [happened(version, "order.note") for version in range(5, 25)])

    history = json.loads(CARD.draw(view))["history"]

    assert [line["at"] for line in history] == [1761998400 + 60 * version for version in range(13, 25)]


def test_the_oldest_lines_go_first_and_then_the_note() -> None:
    """Control characters take six bytes each: the worst a text can do."""
    view = fold(on_its_way(), [happened(version, "order.note") for version in range(5, 25)])
    large = replace(view, note="\x01" * 160, courier_name="\x01" * 160, image_key="x")
    largest = replace(large, image_key="\x01" * 128)

    state, stripped = json.loads(CARD.draw(large)), json.loads(CARD.draw(largest))

    assert 0 < len(state["history"]) < 12
    assert state["history"][-1] == {"step": "note", "at": 1761998400 + 60 * 24}
    assert state["note"] == "\x01" * 160
    assert "note" not in stripped
    assert stripped["history"] == []


@pytest.mark.parametrize("character", ["a", '"', "ä", "你", "🛵", "\x01"])
def test_a_start_always_fits(character: str) -> None:
    """Content state and attributes leave room for the alert within 4,096 bytes, whatever the fields hold."""
    view = fold(on_its_way(), [happened(version, "order.note") for version in range(5, 25)])
    full = replace(
        view,
        note=character * 1000,
        courier_name=character * 1000,
        image_key=character * 128,
        merchant_name=character * 1000,
        order_number=character * 128,
        status="courier_assigned",
    )

    content, attributes = CARD.draw(full), CARD.draw_attributes(full, card_id="c" * 36, subject_id='"' * 128)

    assert len(content) <= CONTENT_LIMIT_BYTES
    assert len(attributes) <= ATTRIBUTES_LIMIT_BYTES
    assert len(content) + len(attributes) <= 4096 - 768


def test_the_hash_ignores_when_it_was_updated() -> None:
    """A second look at the same card is no push; any other difference is one."""
    view = on_its_way()
    later = replace(view, updated_at=happened(9, "order.ready").occurred_at)

    content, after = CARD.draw(view), CARD.draw(later)

    assert len(content_hash(content, KEY)) == 16
    assert content_hash(after, KEY) == content_hash(content, KEY)
    assert content_hash(json.dumps(json.loads(after), indent=1).encode(), KEY) == content_hash(content, KEY)
    assert content_hash(CARD.draw(replace(view, status="ready")), KEY) != content_hash(content, KEY)
    assert content_hash(content, b"other") != content_hash(content, KEY)


@given(histories(without=["order.erased"]))
def test_updated_at_is_that_of_the_last_event_that_shows(events: list[RecordedEvent]) -> None:
    """`changed_version` rises exactly when the content hash changes."""
    view = fold(EMPTY, [happened(1, "order.placed", at=0)])
    for version, event in enumerate(events, 2):
        before, view = view, evolve(view, replace(event, version=version, event_id=f"e{version}"))
        then, now = content_hash(CARD.draw(before), KEY), content_hash(CARD.draw(view), KEY)
        assert (view.changed_version == version) is (then != now)


@given(histories(), st.text(max_size=300))
def test_a_content_state_decodes_and_fits(events: list[RecordedEvent], text: str) -> None:
    """Whatever happened, the phone can read it."""
    content = CARD.draw(replace(fold(EMPTY, events), note=text))

    assert len(content) <= CONTENT_LIMIT_BYTES
    assert msgspec.json.encode(msgspec.json.decode(content, type=ContentState)) == content
