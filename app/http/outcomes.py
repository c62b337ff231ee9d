"""What became of the events of a request, said in HTTP.

A request about one order is answered by its status: 200, or 409 and 412 when it was refused as a whole. A request about
several orders is answered 200, with an outcome for each event, because what one order refuses does not touch another.
"""

from collections.abc import Sequence
from typing import assert_never

from app.http.answers import EventAnswer, EventAnswers
from app.http.drafts import Draft, Invalid, Repeat
from app.http.problem_kinds import ID_REUSED, ORDER_ARCHIVED, VERSION_CONFLICT
from app.http.problems import ProblemError, problem
from events.envelope import NewEvent
from events.outcome import Appended, Archived, Duplicate, IdReused, Outcome, VersionConflict, Withheld


def answer_one(event: NewEvent, outcome: Outcome) -> EventAnswer:
    """Answer a request that was one event.

    Raises:
        ProblemError: 409 or 412.
    """
    answered = answer_of(event, outcome)
    refusal = refusal_of([outcome], ())
    if refusal is not None:
        raise refusal
    return answered


def answer_many(drafts: Sequence[Draft | Repeat], outcomes: Sequence[Outcome]) -> EventAnswers:
    """Answer a batch.

    Args:
        drafts: What was sent.
        outcomes: For those that are events, in their order.

    Raises:
        ProblemError: 409 or 412, when all of it is about one order.
    """
    waiting = iter(outcomes)
    results = tuple(
        answer_of(draft, next(waiting)) if isinstance(draft, NewEvent) else _told_before(draft) for draft in drafts
    )
    if len({draft.subject_id for draft in drafts if isinstance(draft, NewEvent)}) == 1:
        refusal = refusal_of(outcomes, results)
        if refusal is not None:
            raise refusal
    return EventAnswers(results)


def answer_of(event: NewEvent, outcome: Outcome) -> EventAnswer:
    """Say what became of one event."""
    version: int | None = None
    current: int | None = None
    match outcome:
        case Appended(version=version):
            word = "appended"
        case Duplicate(version=version):
            word = "duplicate"
        case IdReused(version=version):
            word = "id-reused"
        case VersionConflict(current=current):
            word = "version-conflict"
        case Archived():
            word = "archived"
        case Withheld():
            word = "withheld"
        case _:
            assert_never(outcome)
    return EventAnswer(word, event.event_id, event.source, event.subject_id, version, current)


def refusal_of(outcomes: Sequence[Outcome], results: Sequence[EventAnswer]) -> ProblemError | None:
    """Give the problem of one order's events, or None if they are stored."""
    for outcome in outcomes:
        match outcome:
            case VersionConflict(current=current):
                return problem(
                    *VERSION_CONFLICT,
                    f"It is at version {current}.",
                    current_version=current,
                    results=results,
                    headers={"ETag": f'"{current}"'},
                )
            case IdReused(version=version):
                return problem(
                    *ID_REUSED,
                    f"That event is version {version} of the order; nothing was stored.",
                    results=results,
                )
            case Archived():
                return archived(results)
            case Appended() | Duplicate() | Withheld():
                continue
            case _:
                assert_never(outcome)
    return None


def archived(results: Sequence[EventAnswer] = ()) -> ProblemError:
    """Give the answer to what an archived order does not take."""
    return problem(*ORDER_ARCHIVED, "It takes no more events.", results=results)


def repeat_answer(repeat: Repeat) -> EventAnswer:
    """Say that the log has an event."""
    return EventAnswer("duplicate", repeat.event_id, repeat.source, repeat.subject_id, repeat.version)


def _told_before(draft: Repeat | Invalid) -> EventAnswer:
    if isinstance(draft, Repeat):
        return repeat_answer(draft)
    return EventAnswer("invalid", draft.id, draft.source, draft.subject, errors=draft.faults)
