"""How large the pushes of a card can get."""

from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from app.apns import payload
from app.apns.push import alert_of
from app.card_sizes import TOGETHER, Sizes, sizes_of
from app.demo import upload_card
from projections import customer_card
from projections.alert_text import Localised, Translated
from projections.card_refusals import read_card
from projections.content_state import ATTRIBUTES_LIMIT_BYTES, CARD, CONTENT_LIMIT_BYTES, render, render_attributes
from projections.definition import CardDefinition
from projections.freshness import Freshness, with_freshness
from projections.longest_subject import LONGEST_SUBJECT_ID, longest_subjects
from projections.registry import Registry
from projections.view import without_personal
from projections.widest import Writing, size_bytes
from tests.cards import booking
from tests.cards.order_in_brief import CARD as BRIEF

AT = 1_762_000_000


def measured(definition: CardDefinition) -> Sizes:
    """Measure a card whose types are fine."""
    card, refused = read_card(definition)
    assert refused == []
    return sizes_of(definition, card)


def why_not(definition: CardDefinition) -> dict[str, str]:
    """Give what is refused, by what it is about."""
    return {each.field: each.why for each in measured(definition).refused}


def test_a_card_for_many_orders_fits_with_the_longest_of_them(cards: Registry) -> None:
    """The code is tried on more orders than have a place, and on the last one's end."""
    cards.install([customer_card.CARD])
    assert why_not(customer_card.CARD) == {}


def test_the_card_of_orders_fits() -> None:
    """Its start with the longest alert too, whatever its texts hold."""
    found = measured(CARD)

    assert found.refused == []
    assert found.pushes["start"][Writing.CONTROL] == max(found.pushes["start"].values()) <= 4_096
    assert found.pushes[TOGETHER][Writing.CONTROL] <= CONTENT_LIMIT_BYTES + 20 + ATTRIBUTES_LIMIT_BYTES
    assert found.fields["contentState.note"][Writing.GREEK] == len('"note":"",') + 2 * 160


def test_cards_of_ones_own_fit(cards: Registry) -> None:
    """Those of the examples, whose events are folded for it."""
    cards.install([booking.CARD, upload_card.CARD])

    assert why_not(booking.CARD) == why_not(upload_card.CARD) == why_not(BRIEF) == {}


def test_no_push_is_larger_than_what_is_told() -> None:
    """Built as the sender builds them, from the longest orders in each kind of writing."""
    told = measured(CARD).pushes
    for writing, view in [(each, view) for each in Writing for view in longest_subjects(CARD, each)]:
        content = with_freshness(CARD.draw(view), Freshness.FRESH)
        attributes = CARD.draw_attributes(view, card_id="c" * 36, subject_id=LONGEST_SUBJECT_ID)
        alert = alert_of(CARD.words("order.failed", without_personal(view)))
        start = payload.start(
            timestamp=AT,
            content_state=content,
            attributes_type=CARD.attributes_type,
            attributes=attributes,
            alert=alert,
            stale_date=AT,
        )
        update = payload.update(timestamp=AT, content_state=content, alert=alert, stale_date=AT)
        end = payload.end(timestamp=AT, content_state=content, alert=alert, dismissal_date=AT)

        assert len(start) <= told["start"][writing]
        assert len(update) <= told["update"][writing]
        assert len(end) <= told["end"][writing]
        assert len(content + attributes) <= told[TOGETHER][writing]


def test_what_does_not_fit_says_where_to_save() -> None:
    """Here a limit is missing."""
    untrimmed = why_not(replace(CARD, content_limit_bytes=None))

    assert untrimmed.keys() == {"start", TOGETHER}
    assert "of 4,096 bytes; the largest fields are contentState.courierName (977)" in untrimmed["start"]


def test_a_title_that_was_cut_may_be_a_little_longer() -> None:
    """Escapes of six bytes do not fill its 128 bytes; they may stand beside letters."""
    name = "a" + "\x01" * 20 + "bc" * 9
    view = next(iter(longest_subjects(CARD, Writing.LATIN)))
    start = payload.start(
        timestamp=AT,
        content_state=b"{}",
        attributes_type=BRIEF.attributes_type,
        attributes=b"{}",
        alert=alert_of(replace(BRIEF, title=lambda _: name).words("order.courier_assigned", view)),
        stale_date=AT,
    )
    empty = size_bytes({}) * 2
    told = measured(BRIEF)
    told_alone = told.pushes["start"][Writing.CONTROL] - told.pushes[TOGETHER][Writing.CONTROL]

    assert len(start) - empty <= told_alone


def test_the_longest_alert_counts_in_whatever_language() -> None:
    """Words by locale, and arguments of the app's own strings."""
    greek = replace(BRIEF, otherwise=Translated("News.", {"el": "Έχουμε νέα! " * 9}))
    keyed = replace(BRIEF, otherwise=Localised("order_has_news", lambda view: [view.merchant_name]))

    plain, translated, localised = (measured(each).fields["alert"][Writing.LATIN] for each in (BRIEF, greek, keyed))

    assert plain < translated < localised


@pytest.mark.parametrize(
    ("given", "place", "why"),
    [
        ({"render": lambda view: replace(render(view), note=view.note)}, "render", "`str` of length <= 160"),
        (
            {"render_attributes": lambda view, **ids: replace(render_attributes(view, **ids), merchant_name="a" * 65)},
            "render_attributes",
            "`str` of length <= 64",
        ),
        ({"title": lambda view: view.nobody}, "alerts", "title raised AttributeError"),
        ({"otherwise": Translated("News.", {"el": lambda view: view.note[:9]})}, "alerts", "body raised TypeError"),
        ({"content_limit_bytes": 200}, "render", "more than the 200 of content_limit_bytes"),
    ],
)
def test_a_render_is_tried_on_the_longest_order(given: Any, place: str, why: str) -> None:
    """It would fail its card some day, by a text that it did not cut."""
    found = why_not(replace(CARD, **given))

    assert found.keys() == {place}
    assert why in found[place]


def test_a_fold_is_tried_on_the_longest_facts(cards: Registry) -> None:
    """It would have its subjects set aside."""

    def evolve(state: Struct, fact: Any, _: Any) -> Struct:
        return replace(state, table=fact.restaurant)  # of the first fact alone

    broken = replace(booking.CARD, evolve=evolve)
    cards.install([broken])

    assert "evolve raised AttributeError" in why_not(broken)["evolve"]
