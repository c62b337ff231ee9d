"""What a settlement makes known of its card."""

from typing import Any

import pytest

from projections.card import NOT_MADE, Phase, Settlement
from projections.card_fact import FactPlace, FactType, fact_id, facts_of, place_of
from projections.sentences import ENDED_BY_A_PERSON
from tests.examples.cards import CARD_ID, card, hours

SHOWN = {"phase": Phase.SHOWN, "started_at": hours(0)}
REPORTED = {**SHOWN, "reported_state": "active", "token_hash": b"token"}


def settled(of: dict[str, Any], phase: Phase, outcome: str, **changes: Any) -> Settlement:
    """Give a settlement of a card."""
    return Settlement(card=card(**of), phase=phase, considered_version=1, outcome=outcome, why="Because.", **changes)


def told(settlement: Settlement, before: str | None = "waiting") -> list[tuple[FactType, str]]:
    """Give type and code of what is told."""
    return [(each.type, each.code) for each in facts_of(settlement, before=before)]


@pytest.mark.parametrize(
    ("settlement", "code"),
    [
        (settled({}, Phase.SHOWN, "accepted", started=True, accepted_version=1), "accepted"),
        (settled({"phase": Phase.STARTING}, Phase.SHOWN, "waiting", started=True), "unknown"),
        (
            settled({"phase": Phase.STARTING, "reported_state": "active"}, Phase.SHOWN, "nothing", started=True),
            "reported",
        ),
    ],
)
def test_a_card_has_started_by(settlement: Settlement, code: str) -> None:
    """Apple's word, the app's, or nobody's after an answer was lost."""
    assert told(settlement) == [(FactType.STARTED, code)]


def test_a_card_of_the_apps_tells_of_its_start_with_its_first_settlement() -> None:
    """It was on the phone before we knew of it."""
    first = settled({**REPORTED, "starter": "app"}, Phase.SHOWN, "accepted", accepted_version=1)

    assert told(first, before=None) == [(FactType.STARTED, "started_by_app")]
    assert told(first, before="accepted") == []


def test_a_card_of_the_apps_may_have_come_and_gone() -> None:
    """Its first report says that it is dismissed: both are told, in their order."""
    gone = settled({**SHOWN, "starter": "app", "reported_state": "dismissed"}, Phase.OVER, "gone")

    assert told(gone, before=None) == [(FactType.STARTED, "started_by_app"), (FactType.DISMISSED, "reported")]


@pytest.mark.parametrize(
    ("settlement", "expected"),
    [
        (settled(REPORTED, Phase.OVER, "accepted", accepted_version=2), (FactType.ENDED, "over")),
        (settled(REPORTED, Phase.OVER, "accepted", recalled=True), (FactType.ENDED, "recalled")),
        (settled({**REPORTED, "replaced": True}, Phase.OVER, "accepted"), (FactType.ENDED, "replaced")),
        (settled({**REPORTED, "reported_state": "dismissed"}, Phase.OVER, "gone"), (FactType.DISMISSED, "reported")),
        (settled({**REPORTED, "reported_state": "ended"}, Phase.OVER, "gone"), (FactType.ENDED, "reported")),
        (settled(SHOWN, Phase.OVER, "expired"), (FactType.ENDED, "expired")),
        # a report that comes before we know of any start: it was there, and is gone
        (settled({"reported_state": "dismissed"}, Phase.OVER, "gone"), (FactType.DISMISSED, "reported")),
    ],
)
def test_a_card_is_over_by(settlement: Settlement, expected: tuple[FactType, str]) -> None:
    """Its end, its customer, its phone, or time."""
    assert told(settlement) == [expected]


def test_an_operators_end_is_told_as_one() -> None:
    """By the reason that its push was sent for."""
    by_hand = Settlement(
        card=card(**REPORTED), phase=Phase.OVER, considered_version=2, outcome="accepted", why=ENDED_BY_A_PERSON
    )

    assert told(by_hand) == [(FactType.ENDED, "ended_by_person")]


@pytest.mark.parametrize("outcome", ["never_shown", "replaced", "recalled", "ended"])
def test_a_card_that_was_never_shown_ends_in_silence(outcome: str) -> None:
    """Nobody heard of its start."""
    assert told(settled({}, Phase.OVER, outcome)) == []


def test_a_failure_is_told_when_it_begins() -> None:
    """The same answer an hour later is no news; another answer is, and so is the same one after something else."""
    refused = settled({"last_answer": "BadDeviceToken"}, Phase.WANTED, "refused", last_answer="BadDeviceToken")

    assert told(refused, before="retrying") == [(FactType.FAILED, "BadDeviceToken")]
    assert told(refused, before="refused") == []
    assert told(settled({"last_answer": "x"}, Phase.WANTED, "failed", last_answer=NOT_MADE), before="failed") == [
        (FactType.FAILED, "not_made")
    ]


@pytest.mark.parametrize("outcome", ["accepted", "waiting", "nothing", "retrying", "unknown", "paused", "shadow"])
def test_what_goes_on_is_not_told(outcome: str) -> None:
    """An update, a wait, a try more."""
    assert told(settled(REPORTED, Phase.SHOWN, outcome)) == []


def test_an_id_leads_to_its_fact() -> None:
    """And what is none leads nowhere."""
    place = FactPlace(7, 12)

    assert place_of(fact_id(place, CARD_ID)) == place
    assert [place_of(each) for each in ("", "cf_7", "cf_x_1_y", "cf_1234_1_y", "cf_1_²_y", "cf_1_1_y_z")] == [None] * 6
