"""Decide what an outcome means for the card, its token and the sender."""

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from app.apns.answer import Answer
from app.apns.backoff import backoff_seconds, doubling_seconds
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.health import BAD_TOKEN
from app.apns.reasons import explain
from app.apns.request import PushKind
from app.apns.rules import RULES, Pause, Rule, Wait, rule_for
from app.apns.verdict import DEFAULT, Outcome, TokenAction, Verdict, VerdictSettings
from projections.card import NOT_SENT


def judge(
    outcome: Answer | NotSent | Ambiguous,
    *,
    kind: PushKind,
    attempt: int,
    jitter: float,
    token_registered_at: datetime | None = None,
    refused_before: bool = False,
    same_before: int = 0,
    other_environment_tried: bool = False,
    trying_other_environment: bool = False,
    held_back: bool = False,
    server_errors: int = 0,
    bad_tokens_lately: int = 0,
    repeatable: bool = False,
    settings: VerdictSettings = DEFAULT,
) -> Verdict:
    """Decide what an outcome means for the card, its token and the sender.

    Args:
        outcome: what `PushTransport.send` gave or raised.
        kind: what the push was to do.
        attempt: 1 for the first try of this card since it last succeeded.
        jitter: 0.0 to 1.0, drawn by the caller.
        token_registered_at: aware UTC; when the app last reported the token's value.
        refused_before: this same registration was refused before, by 410 or as another app's.
        same_before: how often in a row this card met the same outcome before.
        other_environment_tried: the token was refused by the other APNs already.
        trying_other_environment: this push was that try.
        held_back: while no connection comes about to where it was sent, this card is not claimed.
        server_errors: 500s in a row that these connections gave, this one included.
        bad_tokens_lately: bad tokens among the topic's last answers, this one included.
        repeatable: a start may be sent again whatever became of it, since it replaces what is shown.
        settings: the thresholds.

    Source:
        Apple, "Handling notification responses from APNs"; Google, "FCM error codes".
    """
    silent = isinstance(outcome, Ambiguous) or (isinstance(outcome, NotSent) and outcome.cause is NotSentCause.DEADLINE)
    most = min(settings.backoff_most, settings.silence_most) if silent else settings.backoff_most
    pause = backoff_seconds(attempt, jitter=jitter, first=settings.backoff_first, most=most)
    match outcome:
        case NotSent() if outcome.unconnected and held_back:
            # whoever cannot connect tries with one push at a time: no card has to wait for long besides
            soon = backoff_seconds(1, jitter=jitter, first=settings.backoff_first, most=settings.backoff_most)
            return replace(_not_sent(outcome, soon, settings), counted=False)
        case NotSent():
            return _not_sent(outcome, pause, settings)
        case Ambiguous():
            return _ambiguous(outcome, pause, settings, may_double=kind is PushKind.START and not repeatable)
        case Answer(status=200):
            return Verdict(outcome=Outcome.ACCEPTED, why="The push was accepted.", counts_as_error=False)
        case Answer(status=410) | Answer(reason="UNREGISTERED"):
            return _gone(outcome, token_registered_at, refused_before=refused_before, settings=settings)
        case Answer(reason=word) if word in BAD_TOKEN:
            return _wrong_token(
                outcome,
                refused_before=refused_before,
                other_environment_tried=other_environment_tried,
                storm=bad_tokens_lately > settings.storm_over,
                settings=settings,
            )
        case Answer(status=403) if trying_other_environment:
            # what the key may do there says nothing of the key: the token was refused where it should work
            return Verdict(
                outcome=Outcome.REJECTED,
                token=TokenAction.RETIRE,
                why="Apple refused the token, and the signing key does not serve the other environment.",
            )
        case Answer():
            return _by_rule(outcome, attempt, same_before, server_errors, pause, settings)
        case _:
            assert_never(outcome)


def said(outcome: Answer | NotSent | Ambiguous) -> str:
    """Name an outcome, so that its repetition on the same card is known for one."""
    match outcome:
        case NotSent():
            return NOT_SENT
        case Ambiguous():
            return "no answer"
        case Answer():
            return outcome.reason or str(outcome.status)
        case _:
            assert_never(outcome)


def _not_sent(outcome: NotSent, pause: float, settings: VerdictSettings) -> Verdict:
    if (breaker := _breaker(outcome.goaway_reason, settings)) is not None:
        return breaker
    return Verdict(outcome=Outcome.RETRY, retry_after_seconds=pause, why=f"The push did not leave: {outcome.why}")


def _ambiguous(outcome: Ambiguous, pause: float, settings: VerdictSettings, *, may_double: bool) -> Verdict:
    breaker = _breaker(outcome.goaway_reason, settings)
    if may_double:
        # A start sent twice is two cards, so only the app's report, or its silence, may decide.
        return Verdict(
            outcome=Outcome.UNKNOWN,
            pause=breaker.pause if breaker else None,
            tell_operator=breaker.tell_operator if breaker else None,
            why=f"Nobody knows whether the card was started: {outcome.why}",
        )
    if breaker is not None:
        return breaker
    return Verdict(
        outcome=Outcome.RETRY,
        retry_after_seconds=pause,
        why=f"No answer came, the newest state is sent again: {outcome.why}",
    )


def _breaker(word: str | None, settings: VerdictSettings) -> Verdict | None:
    """Give a verdict when APNs closed the connection because of the credential."""
    rule = RULES.get(word) if word is not None else None
    if word is None or rule is None or rule.pause is not Pause.CREDENTIAL:
        return None
    reason = explain(403, word)
    return Verdict(
        outcome=Outcome.RETRY,
        retry_after_seconds=settings.hold,
        pause=Pause.CREDENTIAL,
        new_generation=True,
        tell_operator=f"Apple closed the connection ({word}): {reason.means} {reason.do}",
        why=f"Apple closed the connection: {reason.means}",
    )


def _gone(
    answer: Answer, registered_at: datetime | None, *, refused_before: bool, settings: VerdictSettings
) -> Verdict:
    reason = explain(410, answer.reason or "Unregistered")
    older = (
        answer.timestamp_ms is not None
        and registered_at is not None
        and answer.timestamp_ms < registered_at.timestamp() * 1_000
    )
    if older and not refused_before:
        return Verdict(
            outcome=Outcome.RETRY,
            retry_after_seconds=settings.gone_recheck,
            token=TokenAction.RECHECK,
            counts_as_error=False,
            why=f"{reason.means} But the app reported it again later, so it is tried once more.",
        )
    return Verdict(outcome=Outcome.REJECTED, token=TokenAction.RETIRE, counts_as_error=False, why=reason.means)


def _wrong_token(
    answer: Answer,
    *,
    refused_before: bool,
    other_environment_tried: bool,
    storm: bool,
    settings: VerdictSettings,
) -> Verdict:
    reason = explain(answer.status, answer.reason)
    if storm:
        return Verdict(
            outcome=Outcome.RETRY,
            retry_after_seconds=settings.hold,
            pause=Pause.TOPIC,
            tell_operator=f"Many tokens of one app are refused ({reason.word}), none is retired: {reason.do}",
            why=f"{reason.means} So many at once mean a wrong setting.",
        )
    if reason.word in ("DeviceTokenNotForTopic", "SENDER_ID_MISMATCH"):
        action = TokenAction.RETIRE if refused_before else TokenAction.SUSPECT
        return Verdict(outcome=Outcome.REJECTED, token=action, why=reason.means)
    if not other_environment_tried:
        return Verdict(
            outcome=Outcome.RETRY,
            retry_after_seconds=0.0,
            other_environment=True,
            why=f"{reason.means} The other environment is tried once.",
        )
    return Verdict(outcome=Outcome.REJECTED, token=TokenAction.RETIRE, why=reason.means)


def _by_rule(
    answer: Answer,
    attempt: int,
    same_before: int,
    server_errors: int,
    pause: float,
    settings: VerdictSettings,
) -> Verdict:
    rule = rule_for(answer.status, answer.reason)
    reason = explain(answer.status, answer.reason)
    repeated = rule.once and same_before > 0
    paused = rule.pause_repeated if repeated else rule.pause
    if repeated and paused is None:
        after = None
    elif repeated:
        after = settings.hold
    else:
        after = _seconds(rule, answer, attempt, same_before, pause, settings)
    many = answer.status == 500 and server_errors >= settings.server_errors_in_a_row
    return Verdict(
        outcome=Outcome.REJECTED if after is None else Outcome.RETRY,
        retry_after_seconds=after,
        pause=paused,
        refresh_provider_token=rule.refresh_provider_token,
        new_generation=many or (rule.new_generation and same_before == 0),
        own_lane=rule.wait is Wait.LANE,
        slow_down=rule.slow_down,
        tell_operator=f"{reason.means} {reason.do}" if rule.tell or repeated else None,
        why=reason.means,
    )


def _seconds(
    rule: Rule, answer: Answer, attempt: int, same_before: int, pause: float, settings: VerdictSettings
) -> float | None:
    asked = min(answer.retry_after or 0.0, settings.asked_most)
    lane = doubling_seconds(attempt, first=settings.lane_first, most=settings.lane_most)
    seconds: dict[Wait, float | None] = {
        Wait.NEVER: None,
        Wait.NOW: 0.0,
        Wait.BACKOFF: pause,
        Wait.BACKOFF_OR_ASKED: max(asked, pause),
        Wait.QUOTA: max(asked or settings.quota, pause),
        Wait.LANE: max(asked, lane),
        Wait.KEY_CHANGE: pause if same_before == 0 else settings.token_change,
        Wait.HOLD: settings.hold,
    }
    return seconds[rule.wait]
