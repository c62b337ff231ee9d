"""Why did the card not move? Each situation as a person sees it, word by word.

LOCKSTEP_WRITE_GOLDEN=1 writes the texts anew, to be read before they are kept.
"""

import io
import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import msgspec
import pytest
from rich.console import Console

from app.apns import dispatcher, lease_clock, sender
from app.apns.dispatch_rules import DispatchRules
from app.cli.explained import VERSIONS, explained
from app.explanations import CARDS_TOLD, Explainer
from events.postgres.pool import Connection
from projections.clock import clock_of
from projections.eta import Eta
from projections.eta_keeper import EtaKeeper
from projections.explanation import Explanation
from tests.conftest import Clock
from tests.examples.wording import NEXT_STEP, UNCLEAR
from tests.integration.dispatching import Apns, work
from tests.integration.dispatching import dispatcher as dispatching
from tests.integration.flow import ROUTES, Flow
from tests.integration.situations import SITUATIONS, Scene

GOLDEN: Final = Path(__file__).resolve().parents[1] / "golden" / "explanations"
NOON: Final = datetime(2025, 11, 1, 12, tzinfo=UTC)
MOST_LINES_OF_A_CARD: Final = 12
MARGIN: Final = " " * 14
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME: Final = re.compile(r"(?:(\d{4}-\d\d-\d\d) )?\b(\d\d:\d\d)\b")
STANDING: Final = """
CREATE OR REPLACE FUNCTION lockstep_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT {moment} + coalesce((SELECT ahead FROM test_clock), interval '0')
$$
"""


def printed(explanation: Explanation) -> str:
    """Print an explanation as for a person, with its ids replaced, and its times as if it were noon."""
    out = io.StringIO()
    # wide: lines are to break after times have got their length
    Console(file=out, width=2_000, highlight=False).print(explained(explanation))
    text = re.sub(r" +$", "", out.getvalue(), flags=re.MULTILINE)
    known = {found: f"id-{number}" for number, found in enumerate(dict.fromkeys(UUID.findall(text)), 1)}

    def at_noon(match: re.Match[str]) -> str:
        day = match[1] or explanation.at.date().isoformat()
        return clock_of(NOON + (datetime.fromisoformat(f"{day}T{match[2]}+00:00") - explanation.at), NOON)

    return TIME.sub(at_noon, UUID.sub(lambda match: known[match[0]], text))


@pytest.fixture
async def clock(caretaker: Connection, clean: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clock]:  # noqa: ARG001 - it leaves nothing
    """The database's clock, which stands at a whole minute until a test moves it: a text depends on no machine."""
    true = await caretaker.fetchval("SELECT pg_get_functiondef('lockstep_now'::regproc)")
    moment: datetime = await caretaker.fetchval("SELECT date_trunc('minute', lockstep_now())")
    await caretaker.execute(STANDING.format(moment=f"timestamptz '{moment.isoformat()}'"))
    for module in (dispatcher, lease_clock, sender):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 0.0))
    yield Clock(caretaker)
    await caretaker.execute(true)


@pytest.fixture
def explainer(flow: Flow) -> Explainer:
    """What answers."""
    return Explainer(flow.pool, flow.keyring, DispatchRules(), lambda: ROUTES)


@pytest.mark.parametrize("name", SITUATIONS)
async def test_a_situation_is_explained_word_by_word(
    name: str, flow: Flow, clock: Clock, explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text is that of the golden file."""
    await SITUATIONS[name](Scene(flow, clock, monkeypatch))
    explanation = await explainer.explain("order-1")

    assert explanation is not None
    text, path = printed(explanation), GOLDEN / f"{name}.txt"
    if os.environ.get("LOCKSTEP_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_golden_text_can_be_read_by_support(name: str) -> None:
    """It names who acts in one way, has no word of ours, and is short."""
    text, words, _ = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").partition(f"\n{VERSIONS}")
    [_, *cards] = text.split("\nCard ")
    next_steps = re.findall(rf"^  Next {MARGIN[7:]}(.*(?:\n{MARGIN}.*)*)$", text, re.MULTILINE)

    assert words
    assert next_steps
    assert all(NEXT_STEP.fullmatch(each.replace(f"\n{MARGIN}", "\n")) for each in next_steps)
    assert not UNCLEAR.search(text)
    for card in cards:
        lines = [line for line in card.splitlines() if not line.startswith((f"{MARGIN}- ", f"{MARGIN}    lockstep"))]
        assert len(lines) <= MOST_LINES_OF_A_CARD


def test_each_golden_text_has_its_situation() -> None:
    """None is left over."""
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(SITUATIONS)


@pytest.mark.parametrize("name", ["force_quit", "start_counted", "start_token_stale"])
async def test_an_app_is_asked_to_put_up_a_card_when_the_explanation_says_so(
    name: str, flow: Flow, clock: Clock, explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened before the time that is named, it is not; opened after it, it is."""
    await SITUATIONS[name](Scene(flow, clock, monkeypatch))
    explanation = await explainer.explain("order-1")
    assert explanation is not None
    [card] = explanation.cards
    named = re.search(r"open the app again after (?:([\d-]+) )?([\d:]+) \(in", card.finding.next_step)
    assert named is not None
    day = named[1] or explanation.at.date().isoformat()
    wait = datetime.fromisoformat(f"{day}T{named[2]}+00:00") - await clock.now()
    await clock.advance(seconds=wait.total_seconds() - 1)
    early = await flow.register()
    await clock.advance(seconds=1)
    late = await flow.register()
    again = await explainer.explain("order-1")

    assert card.card_id not in [each.card_id for each in early.missing]
    assert card.card_id in [each.card_id for each in late.missing]
    assert again is not None
    assert "If there is none, the app puts one up." in again.cards[0].finding.next_step


async def test_a_card_that_was_taken_back_names_the_phones_of_its_customer(
    flow: Flow, clock: Clock, explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one heard of first, and none that has signed out."""
    await SITUATIONS["another_customer"](Scene(flow, clock, monkeypatch))
    for name in ("phone-2", "phone-3", "phone-4"):
        await flow.register(name)
        await clock.advance(minutes=1)
    await flow.registry.forget("phone-3")
    explanation = await explainer.explain("order-1")

    assert explanation is not None
    assert "the order's customer is signed in on phone-4 and phone-2." in explanation.cards[0].finding.next_step


async def test_what_another_release_folded_is_not_said_to_be_shown(
    flow: Flow, clock: Clock, explainer: Explainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same events may have meant something else to it; the version is certain."""
    await SITUATIONS["dispatcher_behind"](Scene(flow, clock, monkeypatch))
    await flow.pool.execute("UPDATE slots SET fold_version = fold_version + 1")
    explanation = await explainer.explain("order-1")

    assert explanation is not None
    assert explanation.cards[0].shows_now == "most likely the order as of version 1"


async def test_a_delivery_time_that_waits_is_told(flow: Flow, clock: Clock, explainer: Explainer) -> None:
    """With what it says, since when, and when Lockstep looks at it again; one that the card shows is not."""
    promised = (await clock.now()).replace(microsecond=0) + timedelta(minutes=30)
    await flow.place(deliveryTime=promised.isoformat())
    await flow.settle("order-1")
    keeper = EtaKeeper(flow.pool, flow.keyring, flow.store, lambda _: None)
    told = []
    for seconds in (20, 0):
        at = await clock.now()
        eta = Eta(subject_id="order-1", delivery_time=promised + timedelta(seconds=seconds), at=at, source="courier")
        await keeper.put(eta)
        explanation = await explainer.explain("order-1")
        assert explanation is not None
        told.append((explanation.waiting_eta, printed(explanation)))

    [(waiting, text), (nothing, _)] = told
    assert waiting is not None
    assert waiting.delivery_time == promised + timedelta(seconds=20)
    assert "It becomes an event if it stands" in text
    assert nothing is None


async def test_an_order_that_nobody_knows_is_not_explained(explainer: Explainer) -> None:
    """There is nothing to say."""
    assert await explainer.explain("order-1") is None


async def test_an_order_with_very_many_cards_is_explained_by_some_of_them(flow: Flow, explainer: Explainer) -> None:
    """The answer has a bound, and says that there is more."""
    for number in range(CARDS_TOLD + 1):
        await flow.register(f"phone-{number}")
    await flow.place()
    await flow.settle("order-1")
    explanation = await explainer.explain("order-1")

    assert explanation is not None
    assert (len(explanation.cards), explanation.more_cards) == (CARDS_TOLD, True)


async def test_a_push_tells_when_what_it_shows_was_folded(flow: Flow, clock: Clock, explainer: Explainer) -> None:
    """So that one sees how long an event took to the fold, from there to the push, and from there to the answer."""
    await flow.register()
    await flow.place()
    await clock.advance(seconds=2)
    await flow.settle("order-1")
    await clock.advance(seconds=3)
    await work(dispatching(flow, Apns()))
    explanation = await explainer.explain("order-1")

    assert explanation is not None
    [card], [event] = explanation.cards, explanation.events
    assert [(each.version, each.folded_at, each.sent_at) for each in card.sent] == [
        (1, event.recorded_at + timedelta(seconds=2), event.recorded_at + timedelta(seconds=5))
    ]


async def test_no_personal_value_is_in_an_explanation(flow: Flow, clock: Clock, explainer: Explainer) -> None:
    """Neither what events carried nor what a failed fold said."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        await SITUATIONS["quarantined"](Scene(flow, clock, monkeypatch))
    await flow.happen("order-1", "order.note", "order.accepted")
    explanation = await explainer.explain("order-1")

    told = msgspec.json.encode(explanation).decode()
    assert "order.courier_assigned" in told
    for personal in ("Anna", "Kaya", "ring twice", "Eleni"):
        assert personal not in told
