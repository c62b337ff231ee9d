"""A whole life of a card, planned and settled, for any answers."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.apns.request import Environment
from app.apns.settlement import settle_sent, settle_unbegun, settle_unsent
from app.apns.verdict import Outcome, TokenAction, Verdict
from projections.card import Card, Intent, Kind, Phase, Settlement
from projections.choice import Send
from projections.face import Face
from projections.plan import plan
from projections.plan_rules import PlanRules
from tests.examples.cards import (
    APNS_ID,
    OLD,
    card,
    face,
    moved,
    over,
    phone,
)
from tests.examples.events import NOON

ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, why="accepted")
LOST = Verdict(outcome=Outcome.UNKNOWN, why="lost")
AGAIN = Verdict(outcome=Outcome.RETRY, why="again", retry_after_seconds=4.0)
RECHECK = Verdict(outcome=Outcome.RETRY, why="recheck", retry_after_seconds=30.0, token=TokenAction.RECHECK)
GONE = Verdict(outcome=Outcome.REJECTED, why="gone", token=TokenAction.RETIRE)
SUSPECT = Verdict(outcome=Outcome.REJECTED, why="suspect", token=TokenAction.SUSPECT)
OURS = Verdict(outcome=Outcome.REJECTED, why="ours")


def applied(before: Card, done: Settlement, now: datetime) -> Card:
    """Give the card as the database would have it after a settlement."""
    return replace(
        before,
        phase=done.phase,
        timestamp_used=max(before.timestamp_used, done.timestamp_used),
        alerted_version=max(before.alerted_version, done.alerted_version),
        intent=before.intent if done.intent_stands else None,
        accepted_version=before.accepted_version if done.accepted_version is None else done.accepted_version,
        accepted_hash=done.accepted_hash or before.accepted_hash,
        started_at=(before.started_at or now) if done.started else before.started_at,
        refused_hash=done.refused_hash or before.refused_hash,
        suspect_hash=done.suspect_hash or before.suspect_hash,
        attempts=done.attempts,
        next_generation=before.next_generation or done.next_card_id is not None,
    )


ANSWERS = st.sampled_from([ACCEPTED, LOST, AGAIN, RECHECK, GONE, SUSPECT, OURS, "unbegun", "crash"])
NEWS = st.sampled_from([face(), moved(), moved(version=3, content_hash=OLD), over(version=4), over(version=5)])
REPORTS = st.sampled_from(
    [
        {},
        {},
        {"reported_state": "starting"},
        {"reported_state": "active", "token_hash": b"token-1"},
        {"reported_state": "active", "token_hash": b"token-2"},
        {"replaced": True},
    ]
)
STEPS = st.lists(st.tuples(NEWS, REPORTS, st.sampled_from([0.0, 0.4, 2.0, 70.0, 30_000.0]), ANSWERS), max_size=25)


@given(STEPS, st.sampled_from(["never", "after_silence"]))
def test_a_life_of_a_card(steps: list[tuple[Face, dict[str, Any], float, Any]], policy: Any) -> None:
    """Invariant 6 and promise 11, for any answers: rising timestamps, nothing after an accepted end, few starts."""
    known, now = card(), NOON
    rules = PlanRules(on_unknown_start=policy)
    ended = False
    starts = last = 0
    for seen, report, wait, answer in steps:
        now += timedelta(seconds=wait)
        known = replace(known, **report)
        decided = plan(seen, known, phone(), now, rules)
        if not isinstance(decided, Send):
            known = applied(known, settle_unsent(known, decided, seen.version, now), now)
            continue
        assert not ended
        assert decided.timestamp > last
        last = decided.timestamp
        known = intended(known, decided, seen, now)
        verdict = answer
        if answer == "crash":
            starts += decided.kind is Kind.START
            continue
        if answer == "unbegun":
            known = applied(known, settle_unbegun(known, now, planned=decided), now)
            continue
        if answer is LOST and decided.kind is not Kind.START:
            verdict = AGAIN
        starts += decided.kind is Kind.START and verdict in (ACCEPTED, LOST)
        done = settle_sent(
            known,
            decided,
            verdict,
            version=seen.version,
            content_hash=seen.content_hash,
            token_hash=known.token_hash,
            now=now,
            rules=rules,
            answer_lost=verdict is not answer,
            said="an answer",
            environment=Environment.SANDBOX,
        )
        known = applied(known, done, now)
        ended = decided.kind is Kind.END and verdict is ACCEPTED
    assert starts <= (1 if policy == "never" else 2)


def intended(before: Card, sent: Send, seen: Face, now: datetime) -> Card:
    """Give the card as the database has it while the push is under way."""
    phases = {Kind.START: Phase.STARTING, Kind.END: Phase.ENDING}
    alert = seen.version if sent.alert is not None else None
    return replace(
        before,
        phase=phases.get(sent.kind, before.phase),
        timestamp_used=sent.timestamp,
        alerted_version=max(before.alerted_version, alert or 0),
        restarts=before.restarts + (before.phase is Phase.STARTING and sent.kind is Kind.START),
        intent=Intent(sent.kind, seen.version, alert, sent.timestamp, APNS_ID, now),
    )
