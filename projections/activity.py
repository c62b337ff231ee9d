"""What is known of an activity: the state that its sender gave last, shown as it was given. Law: `docs/activities.md`.

It is a kind like a team's own, with Lockstep's own definition. What it adds is what a sender may wish of each push, and
whom the subject is for.
"""

from datetime import datetime
from typing import Any, Final, cast

from msgspec import Struct
from msgspec.structs import replace

from events.activity import (
    ACTIVITY,
    ActivityAlert,
    ActivityEnded,
    ActivityFact,
    ActivityStarted,
    ActivityUpdated,
    Attributes,
    Audience,
    Carrier,
    ChannelStorage,
    ContentState,
    Words,
)
from events.fact import Fact
from projections import alert_text
from projections.alert_text import EventAlert, Localised, Translated
from projections.definition import SendersCard
from projections.own_view import OwnView
from projections.steps import Step

URGENT: Final = 10


class Activity(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """An activity as its sender gave it.

    Attributes:
        attributes_type: None until a start has come: the app has started the card.
        attributes: None likewise, and once they were erased.
        content_state: None once it was erased, or if an end came alone.
        content_at: When the newest content state took effect, with what belongs to it.
        stale_date, relevance_score, priority: Of that state.
        alert: The newest.
        dismissal_date: The newest, and when it took effect: `dismissal_at`.
        ended: Whether an end has come.
        carrier: What its start chose to carry updates; None: as it is set for all.
        channel_storage: Likewise, what Apple keeps of its channel.
    """

    attributes_type: str | None = None
    attributes: Attributes | None = None
    customer_id: str | None = None
    audience: Audience | None = None
    content_state: ContentState | None = None
    content_at: datetime | None = None
    stale_date: datetime | None = None
    relevance_score: float | None = None
    priority: int | None = None
    alert: ActivityAlert | None = None
    dismissal_date: datetime | None = None
    dismissal_at: datetime | None = None
    ended: bool = False
    carrier: Carrier | None = None
    channel_storage: ChannelStorage | None = None


class Wishes(Struct, frozen=True, kw_only=True):
    """What a sender wishes of the push that shows a state.

    Attributes:
        stale_at: When the phone is to call it out of date; None: never.
        dismiss_at: When the ended card leaves the Lock Screen; None: as others do.
        priority: Of an update; None: as its alert has it.
        urgent_version: The newest event that asked for priority 10.
    """

    stale_at: datetime | None = None
    dismiss_at: datetime | None = None
    relevance_score: float | None = None
    priority: int | None = None
    urgent_version: int = 0


def evolve(activity: Activity, fact: Fact, at: datetime) -> Activity:
    """Give what is known after one more fact: a start counts once, what is shown is the newest by effective time."""
    match fact:
        case ActivityStarted():
            if activity.attributes_type is not None:
                return activity
            begun = replace(
                activity,
                attributes_type=fact.attributes_type,
                attributes=fact.attributes,
                customer_id=fact.customer_id,
                audience=fact.audience,
                alert=activity.alert or fact.alert,
                carrier=fact.carrier,
                channel_storage=fact.channel_storage,
            )
            return _showing(begun, fact, fact.content_state, at)
        case ActivityUpdated():
            return _showing(activity, fact, fact.content_state, at)
        case ActivityEnded():
            last = activity.content_state if fact.content_state is None else fact.content_state
            return replace(_showing(activity, fact, last, at), ended=True)
        case _:
            raise TypeError(fact.TYPE)


def _showing(activity: Activity, fact: ActivityFact, content_state: Any, at: datetime) -> Activity:
    """Give an activity that shows what a fact says, if that is the newest, and if it is not over."""
    if activity.ended and not isinstance(fact, ActivityEnded):
        return activity
    if fact.dismissal_date is not None and _is_newer(at, activity.dismissal_at):
        activity = replace(activity, dismissal_date=fact.dismissal_date, dismissal_at=at)
    if not _is_newer(at, activity.content_at):
        return activity
    return replace(
        activity,
        content_state=content_state,
        content_at=at,
        stale_date=fact.stale_date,
        relevance_score=fact.relevance_score,
        priority=fact.priority,
        alert=fact.alert or activity.alert,
    )


def is_activity(view: object) -> bool:
    """Tell whether a view is of an activity."""
    return isinstance(view, OwnView) and view.kind == ACTIVITY


def state_of(view: object) -> Activity | None:
    """Give what the sender of an activity gave; None for another kind of view, and before anything came."""
    return view.state if isinstance(view, OwnView) and isinstance(view.state, Activity) else None


def audience_of(view: object) -> Audience | None:
    """Give whom an activity is for, where that is not one customer."""
    state = state_of(view)
    return None if state is None else state.audience


class Recipients(Struct, frozen=True):
    """Whose phones may show a view.

    Attributes:
        customer_id: Whose it is, or None.
        listed: Those whom a sender has listed; None: there is no list.
        is_open: Whether whoever has a card may show it, made for a segment or for all, or started by the app.
    """

    customer_id: str | None
    listed: frozenset[str] | None = None
    is_open: bool = False

    def include(self, customer_id: str | None) -> bool:
        """Tell whether phones of a customer may show it; None: nobody is signed in there."""
        if self.listed is not None:
            return customer_id in self.listed
        return self.is_open or (customer_id is not None and customer_id == self.customer_id)


def recipients_of(view: Any) -> Recipients:
    """Tell whose phones may show a view that there is something to show of."""
    if view.customer_id is not None or not is_activity(view):
        return Recipients(view.customer_id)
    audience = audience_of(view)
    if audience is None or audience.customers is None:
        return Recipients(None, is_open=True)
    return Recipients(None, frozenset(audience.customers))


def matched_by(view: Any) -> tuple[Any, ...]:
    """Give all that says on which phones a view is to be shown, from when, and by which card."""
    state = state_of(view)
    return (
        view.customer_id,
        view.show_at,
        *((None, None) if state is None else (state.audience, state.attributes_type)),
    )


def has_start(view: object) -> bool:
    """Tell whether it is known what a card of a view is started with."""
    state = state_of(view)
    return state is None or state.attributes_type is not None


def is_blanked(view: object) -> bool:
    """Tell whether there is nothing of an activity to be shown: it was erased, or ended without a state."""
    state = state_of(view)
    return state is not None and state.content_state is None


def is_erased(view: object) -> bool:
    """Tell whether an activity was erased: its card has nothing to stay for."""
    return isinstance(view, OwnView) and is_activity(view) and view.erased


def wishes_of(view: object) -> Wishes | None:
    """Give what the sender of an activity wishes; None for other views."""
    state = state_of(view)
    if state is None or not isinstance(view, OwnView):
        return None
    return Wishes(
        stale_at=state.stale_date,
        dismiss_at=state.dismissal_date,
        relevance_score=state.relevance_score,
        priority=state.priority,
        urgent_version=view.urgent_version,
    )


def _is_newer(at: datetime, than: datetime | None) -> bool:
    """Tell whether a fact replaces what took effect then; of two at once the later version does."""
    return than is None or at >= than


def _render_attributes(view: OwnView, *, card_id: str, subject_id: str) -> dict[str, Any]:
    return {**(view.state.attributes or {}), "cardId": card_id, "subject": subject_id}


def _says(view: OwnView) -> EventAlert:
    alert: ActivityAlert | None = view.state.alert
    if alert is None:
        raise AssertionError("an activity alerts with the alert that it was given")
    return EventAlert(title=_words(alert.title), body=_words(alert.body), sound=alert.sound)


def _heading(view: OwnView) -> str:
    """Give what the page is headed by: the words of the newest alert."""
    alert: ActivityAlert | None = view.state.alert
    title = None if alert is None else alert.title
    return (title if isinstance(title, str) or title is None else title.default) or "Live"


def _words(words: str | Words) -> alert_text.Words:
    if isinstance(words, str):
        return words
    if words.loc_key is not None:
        return Localised(words.loc_key, lambda _: words.loc_args)
    return Translated(words.default or "", words.by_locale or {})


def _rank(activity: Activity, fact: Any) -> int:
    late = activity.ended and not isinstance(fact, ActivityEnded)
    return 0 if fact.alert is None or late else 2


def _is_urgent(fact: Any) -> bool:
    return bool(fact.priority == URGENT)


_OBJECT: Final = cast("type[Struct]", dict)
"""What is rendered is the sender's own object, in the place of a struct."""

CARD: Final = SendersCard(
    kind=ACTIVITY,
    facts=(ActivityStarted, ActivityUpdated, ActivityEnded),
    steps={
        ActivityStarted.TYPE: Step("active", rank_of=_rank, when_over=True),
        ActivityUpdated.TYPE: Step("active", rank_of=_rank),
        ActivityEnded.TYPE: Step("ended", rank_of=_rank, terminal=True),
    },
    state=Activity,
    evolve=evolve,
    attributes_type="",
    attributes=_OBJECT,
    content_state=_OBJECT,
    render=lambda view: view.state.content_state,
    render_attributes=cast("Any", _render_attributes),
    alerts={},
    otherwise="",
    title=_heading,
    says=_says,
    urgent_of=_is_urgent,
)
"""Its attributes type is that of each start."""
