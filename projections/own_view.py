"""What is known of a subject of a team's own kind: the fold of its events. The law is `docs/cards.md`.

It is the order's law, with the table of steps and the state of the definition in the place of the order's registers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec.structs import astuple, replace

from events.codec import decode
from events.envelope import FoldableEvent
from events.errors import NewerEventError
from events.fact import Fact
from events.order import OrderErased
from events.vocabulary import is_known
from projections.draft import NEVER, Alert, Appearing, Early, Stamp, awaited, kept, moment_of, show
from projections.errors import EvolveError
from projections.history import LINES_SHOWN, Line, record, shown
from projections.order_view import OrderView
from projections.own_kind import OwnKind
from projections.steps import Step

KIND: Final = "$kind"
"""The name of a view's kind in JSON, which is the first there: so an order's view, which has none, is told at once."""


class OwnFields(Appearing, msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """The fields of a view of a team's own kind, finished or in the making; `OwnView` says what they mean."""

    alerts: tuple[Alert, ...] = ()
    card_version: int = 1
    changed_version: int = 0
    customer_id: str | None = None
    early: tuple[Early, ...] = ()
    erased: bool = False
    expected_stamp: Stamp = NEVER
    history: tuple[Line, ...] = ()
    kind: str = msgspec.field(default="", name=KIND)
    next_expected_at: datetime | None = None
    over: bool = False
    placed: bool = False
    progress_percent: int = 0
    show_at: datetime | None = None
    show_stamp: Stamp = NEVER
    state: Any = None
    status: str = ""
    status_stamp: Stamp = NEVER
    updated_at: datetime | None = None
    urgent_version: int = 0
    version: int = 0


class OwnView(OwnFields, frozen=True):  # type: ignore[misc] # msgspec allows it: a frozen value made from a draft
    """A subject as its events up to `version` tell it. Times are aware UTC.

    Attributes:
        alerts: the newest alert of each rank, by rank.
        card_version: of the definition that folded it.
        changed_version: newest event that changed what is shown.
        early: events that wait for the one that opens the subject.
        history: the newest lines, the oldest first; `history.shown` gives step and time in whole Unix seconds.
        next_expected_at: the newest `expected_at`.
        over: whether a terminal step has come.
        placed: whether the opening event has come; before it there is nothing to show.
        show_at: when the card should appear; None means at once.
        state: the definition's own; None before the opening event.
        updated_at: effective time of the event `changed_version`.
        urgent_version: newest event whose push is urgent for its own sake.
    """


class OwnDraft(OwnFields, gc=False):
    """A view in the making.

    Attributes:
        changed_at: When what is shown changed last, in Unix microseconds; None: not in this fold.
    """

    changed_at: int | None = None


class _Personal(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The personal half of a view."""

    early: tuple[str | None, ...] = ()
    state: dict[str, Any] = {}


_encode = msgspec.json.Encoder(order="sorted").encode
_decode_view = msgspec.json.Decoder(OwnView).decode
_decode_personal = msgspec.json.Decoder(_Personal).decode


def begin(undecided: OrderView, kind: OwnKind) -> OwnView:
    """Give the view of a subject whose first event of a kind is about to come; it may have been erased before."""
    return OwnView(
        kind=kind.name,
        card_version=kind.version,
        version=undecided.version,
        erased=undecided.erased,
        changed_version=undecided.changed_version,
        updated_at=undecided.updated_at,
    )


def fold(view: OwnView, kind: OwnKind, events: Sequence[FoldableEvent]) -> OwnView:
    """Give the view after more events, in the order of their versions.

    Raises:
        NewerEventError: An event is not known to this process.
        EvolveError: The definition's code failed.
    """
    draft = OwnDraft(*astuple(view))
    for event in events:
        if event.version > draft.version:
            _take(draft, kind, event)
    if draft.changed_at is not None:
        draft.updated_at = moment_of(draft.changed_at)
    return OwnView(*astuple(draft)[:-1])


def encode_view(view: OwnView, kind: OwnKind) -> tuple[bytes, bytes | None]:
    """Give the canonical JSON of a view: the state without personal values, and those alone (or None)."""
    held = tuple(event.personal for event in view.early)
    early_personal = held if any(part is not None for part in held) else ()
    state, of_state = (None, {}) if view.state is None else kind.parted(view.state)
    personal = _Personal(early_personal, of_state)
    bare = tuple(replace(event, personal=None) for event in view.early) if early_personal else view.early
    return _encode(replace(view, early=bare, state=state)), None if personal == _Personal() else _encode(personal)


def decode_view(state: bytes | str, personal: bytes | None, kind: OwnKind) -> OwnView:
    """Read a view back from its halves; without the personal half those values are absent."""
    view = _decode_view(state)
    held = _Personal() if personal is None else _decode_personal(personal)
    early = tuple(replace(event, personal=part) for event, part in zip(view.early, held.early, strict=False))
    return replace(
        view, early=early or view.early, state=None if view.state is None else kind.joined(view.state, held.state)
    )


def _take(draft: OwnDraft, kind: OwnKind, event: FoldableEvent) -> None:
    draft.version = event.version
    if event.type == OrderErased.TYPE:
        _erase(draft, kind, event.version, event.at)
    elif event.type not in kind.steps:
        if not is_known(event.type, event.schema_version):
            raise NewerEventError(event.type, event.schema_version)
    elif draft.placed:
        if event.type != kind.opening or kind.by_sender is not None:
            _apply(draft, kind, decode(event), (event.at, event.version))
    elif event.type == kind.opening or kind.by_sender is not None:
        _open(draft, kind, event)
    else:
        decode(event)
        draft.early = kept(draft.early, event, erased=draft.erased)


def _open(draft: OwnDraft, kind: OwnKind, event: FoldableEvent) -> None:
    fact: Any = decode(event)
    draft.placed = True
    draft.customer_id = None if kind.by_sender else fact.customer_id
    draft.state = kind.begin()
    _apply(draft, kind, fact, (event.at, event.version))
    for early in draft.early:
        _apply(draft, kind, decode(awaited(early, event.subject_id)), (early.at, early.version))
    draft.early = ()
    if draft.erased and kind.by_sender is not None:
        draft.over = True


def _apply(draft: OwnDraft, kind: OwnKind, fact: Fact, stamp: Stamp) -> None:
    """Write one fact into the view of an open subject, its line into the history, its alert beside them."""
    step = kind.steps[fact.TYPE]
    if draft.over and not (step.when_over or (step.terminal and stamp > draft.status_stamp)):
        return
    bare = kind.bare(fact)
    rank = step.rank
    if step.rank_of is not None:
        rank = kind.ask("rank_of", int, step.rank_of, kind.bare_state(draft.state), bare)
    state = kind.evolve(draft.state, bare if draft.erased else fact, moment_of(stamp[0]))
    if draft.erased:
        state = kind.bare_state(state)
    changed: bool = state != draft.state
    draft.state = state
    if kind.by_sender is not None:
        if kind.opening == fact.TYPE and not changed:
            return  # another start
        draft.customer_id = getattr(state, "customer_id", None)
    changed |= _advance(draft, kind, step, bare, stamp)
    changed |= _expect(draft, getattr(fact, "expected_at", None), stamp)
    show_at = getattr(fact, "show_at", None)
    if show_at is not None and stamp > draft.show_stamp:
        draft.show_at, draft.show_stamp = show_at.astimezone(UTC), stamp
    if changed:
        show(draft, fact.TYPE, rank, stamp)
    if kind.by_sender is not None and stamp == draft.status_stamp and kind.by_sender.urgent_of(bare):
        draft.urgent_version = stamp[1]


def _advance(draft: OwnDraft, kind: OwnKind, step: Step, bare: Fact, stamp: Stamp) -> bool:
    """Move the progress, the status and the line of a step; tell whether that shows."""
    percent = step.progress_percent
    if step.progress_of is not None:
        percent = kind.ask("progress_of", int, step.progress_of, bare)
        if not 0 <= percent <= 100:
            raise EvolveError(kind.name, f"progress_of gave {percent} for {bare.TYPE}; it is to be 0 to 100")
    changed = percent > draft.progress_percent
    draft.progress_percent = max(percent, draft.progress_percent)
    may_move = not draft.over or step.terminal
    if step.status is not None and may_move and (step.terminal or stamp > draft.status_stamp):
        changed |= step.status != draft.status
        draft.status, draft.status_stamp, draft.over = step.status, stamp, step.terminal
    name = step.line or step.status
    if name is None:
        return changed
    key = name if step.key_of is None else kind.ask("key_of", str, step.key_of, bare)
    before = draft.history
    draft.history = record(before, Line(*stamp, name, key))[-LINES_SHOWN:]
    return changed or (before is not draft.history and shown(before) != shown(draft.history))


def _expect(draft: OwnDraft, expected_at: datetime | None, stamp: Stamp) -> bool:
    if expected_at is None or stamp <= draft.expected_stamp:
        return False
    before, now = draft.next_expected_at, expected_at.astimezone(UTC)
    draft.next_expected_at, draft.expected_stamp = now, stamp
    return before is None or int(before.timestamp()) != int(now.timestamp())


def _erase(draft: OwnDraft, kind: OwnKind, version: int, at: int) -> None:
    """Forget personal values, and all that depended on them, so that a fold without them ends in the same view."""
    if draft.erased:
        return
    draft.erased = True
    if draft.state is not None:
        draft.state = kind.bare_state(draft.state)
    draft.early = tuple(replace(early, personal=None) for early in draft.early)
    draft.alerts = ()
    draft.changed_version, draft.changed_at = version, at
    if draft.placed and kind.by_sender is not None:
        draft.over = True
