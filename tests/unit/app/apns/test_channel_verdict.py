"""What Apple's answers mean for a channel, and what they leave behind."""

from typing import Any

import pytest

from app.apns.answer import Answer
from app.apns.channel_settlement import Asked, settle_asked, settle_rest
from app.apns.channel_verdict import ChannelOutcome, judge_channel
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.judge import said
from projections.card import Kind
from projections.channel import ChannelPhase
from projections.channel_plan import Check, Create, Delete, Rest
from projections.choice import Send
from projections.plan_rules import PlanRules
from tests.examples.cards import SECOND, moved, seconds
from tests.unit.projections.test_channel_plan import channel

RULES = PlanRules()
CREATE, DELETE, CHECK = Create("Cards wait."), Delete("It has ended its cards."), Check("The list lacks it.")
UPDATE = Send(kind=Kind.UPDATE, why="News.", timestamp=SECOND + 10, priority=10)
END = Send(kind=Kind.END, why="Over.", timestamp=SECOND + 10, priority=10)
OUTCOMES: list[tuple[Answer | NotSent | Ambiguous, ChannelOutcome]] = [
    (Answer(201), ChannelOutcome.DONE),
    (Answer(204), ChannelOutcome.DONE),
    (Answer(400, "ChannelNotRegistered"), ChannelOutcome.GONE),
    (Answer(400, "BadChannelId"), ChannelOutcome.GONE),
    (Answer(400, "CannotCreateChannelConfig"), ChannelOutcome.UNAVAILABLE),
    (Answer(400, "FeatureNotEnabled"), ChannelOutcome.UNAVAILABLE),
    (Answer(400, "BadRequestPayload"), ChannelOutcome.REFUSED),
    (Answer(403, "InvalidProviderToken"), ChannelOutcome.RETRY),
    (Answer(429, "TooManyRequests"), ChannelOutcome.RETRY),
    (Answer(503, "ServiceUnavailable"), ChannelOutcome.RETRY),
    (NotSent("no way", cause=NotSentCause.CONNECT), ChannelOutcome.RETRY),
    (Ambiguous("no answer"), ChannelOutcome.RETRY),
]


@pytest.mark.parametrize(("answer", "outcome"), OUTCOMES)
def test_an_answer_means_this_for_a_channel(answer: Answer | NotSent | Ambiguous, outcome: ChannelOutcome) -> None:
    """Apple's words about channels, and those that any push may meet."""
    assert judge_channel(answer, attempt=1, jitter=0.5, same_before=0).outcome is outcome


@pytest.mark.parametrize(
    ("decided", "answer", "left"),
    [
        (CREATE, Answer(201), {"phase": ChannelPhase.OPEN, "accepted_version": 2, "tell_waiting": True}),
        (CREATE, Answer(400, "FeatureNotEnabled"), {"phase": ChannelPhase.WANTED, "tell_waiting": True}),
        (CREATE, Ambiguous("no answer"), {"phase": ChannelPhase.WANTED, "tell_waiting": False}),
        (UPDATE, Answer(200), {"published_at": seconds(10), "accepted_version": 2, "due_at": seconds(16)}),
        (UPDATE, Ambiguous("no answer"), {"timestamp_used": SECOND + 10, "published_at": None, "attempts": 1}),
        (UPDATE, Answer(400, "ChannelNotRegistered"), {"phase": ChannelPhase.GONE, "lost": True, "tell_members": True}),
        (END, Answer(200), {"phase": ChannelPhase.ENDED, "tell_members": True, "due_at": seconds(16)}),
        (
            CHECK,
            Answer(200),
            {"phase": ChannelPhase.OPEN, "seen": True, "due_at": seconds(11), "considered_version": 0},
        ),
        (CHECK, Answer(400, "ChannelNotRegistered"), {"phase": ChannelPhase.GONE, "lost": True, "tell_members": True}),
        (CHECK, Answer(503, "ServiceUnavailable"), {"phase": ChannelPhase.OPEN, "seen": False, "attempts": 1}),
        (CHECK, Answer(400, "BadPath"), {"phase": ChannelPhase.OPEN, "seen": True, "due_at": seconds(11)}),
        (DELETE, Answer(204), {"phase": ChannelPhase.GONE, "lost": False, "tell_waiting": True}),
        (DELETE, Answer(400, "ChannelNotRegistered"), {"phase": ChannelPhase.GONE, "lost": False}),
    ],
)
def test_an_answer_leaves_this_behind(
    decided: Create | Send | Delete | Check, answer: Answer | NotSent | Ambiguous, left: dict[str, Any]
) -> None:
    """Asked at ten seconds past noon, answered a second later."""
    verdict = judge_channel(answer, attempt=1, jitter=0.5, same_before=0)
    asked = Asked(
        channel=channel(), decided=decided, face=moved(), begun_at=seconds(10), now=seconds(11), said=said(answer)
    )

    settled = settle_asked(asked, verdict, RULES)

    assert {name: getattr(settled, name) for name in left} == left


def test_cards_that_wait_hear_that_a_channel_is_not_made_after_all() -> None:
    """One that came meanwhile would wait for ever."""
    assert settle_rest(channel(), Rest("Nobody waits.", phase=ChannelPhase.GONE), 1).tell_waiting
