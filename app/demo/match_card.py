"""A football match: a card that very many phones show alike, so one channel carries it."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from events.fact import Fact, Key, Text
from projections.card_fields import CardId, SubjectId, Word
from projections.definition import CardDefinition
from projections.layout import PhoneLayout, PictureBlock, RowBlock, TextBlock
from projections.own_view import OwnView
from projections.steps import Step

Goals = Annotated[int, Meta(ge=0, le=99)]
Minute = Annotated[int, Meta(ge=0, le=150)]
Team = Annotated[str, Meta(max_length=40)]


class MatchAnnounced(Fact, frozen=True, kw_only=True):
    """It is to be played; whoever is signed in as `customer_id`, a fan club's account, follows it."""

    TYPE: ClassVar[str] = "match.announced"

    customer_id: Key
    home: Team
    away: Team


class MatchKickedOff(Fact, frozen=True, kw_only=True):
    """It has begun."""

    TYPE: ClassVar[str] = "match.kicked_off"


class MatchGoal(Fact, frozen=True, kw_only=True):
    """Somebody has scored."""

    TYPE: ClassVar[str] = "match.goal"

    team: Literal["home", "away"]
    scorer: Text
    minute: Minute


class MatchHalfTime(Fact, frozen=True, kw_only=True):
    """The first half is over."""

    TYPE: ClassVar[str] = "match.half_time"


class MatchResumed(Fact, frozen=True, kw_only=True):
    """The second half has begun."""

    TYPE: ClassVar[str] = "match.resumed"


class MatchEnded(Fact, frozen=True, kw_only=True):
    """It is over."""

    TYPE: ClassVar[str] = "match.ended"


class Match(Struct, frozen=True):
    """What a card shows of it, beside the status, which Lockstep keeps."""

    home: str = ""
    away: str = ""
    home_goals: int = 0
    away_goals: int = 0
    scorer: str | None = None
    minute: int | None = None


def evolve(match: Match, fact: Fact, _at: datetime) -> Match:
    """Give what is known after one more fact."""
    if isinstance(fact, MatchAnnounced):
        return replace(match, home=fact.home, away=fact.away)
    if not isinstance(fact, MatchGoal):
        return match
    home = fact.team == "home"
    return replace(
        match,
        home_goals=match.home_goals + home,
        away_goals=match.away_goals + (not home),
        scorer=fact.scorer,
        minute=fact.minute,
    )


class MatchAttributes(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a card is started with and keeps."""

    card_id: CardId
    match_id: SubjectId
    home: Team
    away: Team


class MatchContent(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What changes on it."""

    status: Word
    home_goals: Goals
    away_goals: Goals
    scorer: Annotated[str, Meta(max_length=60)] | None = None
    minute: Minute | None = None
    updated_at: int


def render(view: OwnView) -> MatchContent:
    """Give what changes on the card."""
    match: Match = view.state
    return MatchContent(
        status=view.status,
        home_goals=min(match.home_goals, 99),
        away_goals=min(match.away_goals, 99),
        scorer=None if match.scorer is None else match.scorer[:60],
        minute=match.minute,
        updated_at=0 if view.updated_at is None else int(view.updated_at.timestamp()),
    )


def render_attributes(view: OwnView, *, card_id: str, subject_id: str) -> MatchAttributes:
    """Give what the card keeps."""
    return MatchAttributes(card_id=card_id, match_id=subject_id, home=view.state.home, away=view.state.away)


_TEAMS = RowBlock(
    (
        TextBlock("{attributes.home}", "headline"),
        TextBlock("{contentState.homeGoals} : {contentState.awayGoals}", "title"),
        TextBlock("{attributes.away}", "headline"),
    )
)

LAYOUT = PhoneLayout(
    lock_screen=(
        _TEAMS,
        TextBlock("{contentState.status}", words=True),
        TextBlock("{contentState.scorer}, minute {contentState.minute}", "caption"),
    ),
    compact_leading=PictureBlock(symbol="ball"),
    compact_trailing=TextBlock("{contentState.homeGoals} : {contentState.awayGoals}"),
    minimal=PictureBlock(symbol="ball"),
    expanded=(_TEAMS, TextBlock("{contentState.scorer}, minute {contentState.minute}", "caption")),
    words={"announced": "To be played", "ended": "Full time"},
)

CARD = CardDefinition(
    kind="match",
    facts=(MatchAnnounced, MatchKickedOff, MatchGoal, MatchHalfTime, MatchResumed, MatchEnded),
    steps={
        "match.announced": Step("announced", rank=1),
        "match.kicked_off": Step("first_half", 10, rank=2),
        "match.goal": Step(rank=3),
        "match.half_time": Step("half_time", 50, rank=1),
        "match.resumed": Step("second_half", 60, rank=1),
        "match.ended": Step("ended", 100, rank=2, terminal=True),
    },
    state=Match,
    evolve=evolve,
    attributes_type="MatchAttributes",
    attributes=MatchAttributes,
    content_state=MatchContent,
    render=render,
    render_attributes=render_attributes,
    layout=LAYOUT,
    alerts={
        "match.kicked_off": "They are playing.",
        "match.goal": lambda view: f"{view.state.home_goals}:{view.state.away_goals}",
        "match.ended": "It is over.",
    },
    otherwise="There is news of the match.",
    title=lambda view: f"{view.state.home} - {view.state.away}",
    carrier="channel",
    channel_storage="latest",
)
