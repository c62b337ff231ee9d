"""Whatever APNs answers, the card that it leaves behind is explained with a next step.

The answers are generated from the tables that `judge` lives from, so that a new word without advice fails.
"""

from datetime import timedelta
from typing import Final

import pytest
from msgspec.structs import replace

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.judge import judge, said
from app.apns.reasons import REASONS, explain_last
from app.apns.request import Environment, PushKind
from app.apns.rules import Pause
from app.apns.settlement import settle_failed, settle_sent, settle_unbegun
from app.apns.verdict import Outcome, TokenAction, Verdict
from projections.card import Card, Kind, Phase, Settlement
from projections.choice import Send
from projections.explain_card import explain_card
from projections.explanation import Finding, Surroundings, TracedCard
from projections.face import Face
from projections.pause import PauseRow
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import SECOND, card, face, intent, live, moved, over, phone, seconds
from tests.examples.events import NOON

RULES: Final = PlanRules()
SENT_AT: Final = seconds(10)
ASKED_AT: Final = seconds(10.2)
KEYS: Final = {
    Pause.TOPIC: "com.example.shop/sandbox",
    Pause.CREDENTIAL: "KEY1234567/sandbox",
}
OUTCOMES: Final[dict[str, Answer | NotSent | Ambiguous]] = {
    **{word: Answer(reason.status, word) for word, reason in REASONS.items()},
    **{f"not sent: {cause}": NotSent("a test", cause=cause) for cause in NotSentCause},
    "closed for the credential": NotSent("a test", cause=NotSentCause.GOAWAY, goaway_reason="InvalidProviderToken"),
    "no answer": Ambiguous("a test"),
    **{f"unknown {status}": Answer(status, "NeverHeardOf") for status in (400, 403, 418, 429, 500, 599)},
    **{f"bare {status}": Answer(status) for status in (400, 403, 410, 418, 429, 500, 503)},
}
BEFORE: Final[dict[Kind, tuple[Face, Card]]] = {
    Kind.START: (face(), card(phase=Phase.STARTING, intent=intent(at=SENT_AT))),
    Kind.UPDATE: (moved(), live()),
    Kind.END: (over(), live(phase=Phase.ENDING)),
}


def left_behind(settlement: Settlement) -> TracedCard:
    """Give the card's row as `settle_cards` writes it."""
    before = settlement.card
    after = replace(
        before,
        phase=settlement.phase,
        timestamp_used=max(before.timestamp_used, settlement.timestamp_used),
        alerted_version=settlement.alerted_version,
        intent=before.intent if settlement.intent_stands else None,
        refused_hash=settlement.refused_hash or before.refused_hash,
        suspect_hash=settlement.suspect_hash or before.suspect_hash,
        attempts=settlement.attempts,
        last_answer=settlement.last_answer,
        same_answers=settlement.same_answers,
    )
    block = settlement.block_seconds
    return TracedCard(
        card=after,
        phone=phone(),
        considered_version=settlement.considered_version,
        due_at=settlement.due_at,
        blocked_until=None if block is None else SENT_AT + timedelta(seconds=block),
        leased_at=None,
        accepted_at=None,
        outcome=settlement.outcome,
        why=settlement.why,
        outcome_at=SENT_AT,
    )


def explained(traced: TracedCard, shown: Face, pauses: tuple[PauseRow, ...] = ()) -> Finding:
    """Explain a card a moment after its push."""
    order = Finding(reason=Reason.IN_STEP, state="", why="", next_step="")
    around = Surroundings(
        now=ASKED_AT,
        pauses=pauses,
        outages={},
        routes=None,
        said=explain_last,
        rules=RULES,
        kept_seconds={},
        signed_in=(),
    )
    return explain_card(traced, order, shown, around)


def expected(verdict: Verdict, kind: Kind) -> set[Reason]:
    """Say which reasons may be given after a verdict."""
    if verdict.outcome is Outcome.UNKNOWN:
        return {Reason.START_UNKNOWN}
    if verdict.pause is not None:
        return {Reason.PAUSED_BY_APNS}
    if verdict.token is TokenAction.RETIRE:
        return {Reason.START_TOKEN_REFUSED if kind is Kind.START else Reason.UPDATE_TOKEN_REFUSED}
    if verdict.outcome is Outcome.REJECTED:
        return {Reason.FAILED}
    return {Reason.RETRYING} if verdict.retry_after_seconds else {Reason.DUE, Reason.ONE_A_SECOND}


@pytest.mark.parametrize("kind", BEFORE)
@pytest.mark.parametrize("name", OUTCOMES)
def test_every_answer_leaves_a_card_with_a_next_step(name: str, kind: Kind) -> None:
    """The reason is that of the verdict, and there is something to do, or a word that there is nothing."""
    outcome, (shown, before) = OUTCOMES[name], BEFORE[kind]
    verdict = judge(outcome, kind=PushKind(kind), attempt=9, jitter=1.0, other_environment_tried=True)
    sent = Send(kind=kind, why="A test.", timestamp=SECOND + 10, priority=10)
    settlement = settle_sent(
        before, sent, verdict, version=shown.version, content_hash=shown.content_hash, token_hash=before.token_hash,
        now=SENT_AT, rules=RULES, answer_lost=isinstance(outcome, Ambiguous), said=said(outcome),
 environment=Environment.SANDBOX,
    )  # fmt: skip
    traced = left_behind(settlement)
    if kind is Kind.START and verdict.token is TokenAction.RETIRE:
        traced = replace(traced, phone=phone(start_token_refused=True))
    pauses: tuple[PauseRow, ...] = ()
    if verdict.pause is not None:
        pauses = (PauseRow(verdict.pause, KEYS[verdict.pause], verdict.why, NOON, seconds(3_600)),)
    finding = explained(traced, shown, pauses)

    assert finding.reason in expected(verdict, kind)
    assert finding.next_step
    assert "{" not in finding.next_step
    assert explain_last(said(outcome)).means


def test_a_card_that_could_not_be_made_is_explained() -> None:
    """It is a fault of ours, and says when it is tried again."""
    finding = explained(left_behind(settle_failed(live(), "ValueError", 2, SENT_AT, RULES)), moved())

    assert (finding.reason, finding.until) == (Reason.NOT_MADE, SENT_AT + timedelta(hours=1))
    assert "ValueError" in finding.why


def test_a_push_that_was_not_begun_is_about_to_go() -> None:
    """Nothing is to be done."""
    assert explained(left_behind(settle_unbegun(live(), SENT_AT)), moved()).reason is Reason.DUE
