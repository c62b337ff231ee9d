"""Matches, as data: many phones that show the same, by one channel each, and what can keep a phone from following."""

from typing import Final

from app.demo.steps import AtOnce, AwaitCard, Dismiss, Install, Network, Say, Step, Story
from app.simulator.behaviour import Behaviour

MATCH: Final = "match"
FANS: Final = 30
_AWAY: Final = 6
_TEAMS: Final = (("Ριζούπολη", "Union"), ("Rovers", "日本橋 FC"), ("Kickers", "Athletic"))


def tell_matches(seed: int) -> list[Story]:
    """Give the stories; the seed chooses who plays at home."""
    return [_final(seed), _goes_on(seed), _small(seed)]


def _said(match: str, type_: str, **data: object) -> Say:
    return Say(kind=MATCH, order=match, type=type_, data=data, after=2)


def _announced(match: str, fans: str, teams: tuple[str, str], seed: int) -> Say:
    home, away = teams if seed % 2 else reversed(teams)
    return _said(match, "announced", customerId=fans, home=home, away=away)


def _goal(match: str, team: str, scorer: str, minute: int) -> Say:
    return _said(match, "goal", team=team, scorer=scorer, minute=minute)


def _shown(fans: str, phones: range, match: str, status: str | None = None) -> AtOnce:
    return AtOnce(steps=tuple(AwaitCard(phone=f"{fans}-{each}", order=match, status=status) for each in phones))


def _final(seed: int) -> Story:
    """Tell of a match that ends, with every sort of phone that a channel reaches, and some that it does not."""
    # an app that is force-quit, or a card that nobody allowed, brings no update token: a channel needs none
    behaviours = (Behaviour(), Behaviour(allow="never"), Behaviour(ios_version="26.2"), Behaviour(force_quit=True))
    steps: tuple[Step, ...] = (
        AtOnce(
            steps=(
                *(
                    Install(phone=f"fan-{each}", customer="fan", behaviour=behaviours[each % len(behaviours)])
                    for each in range(FANS)
                ),
                Install(phone="old-1", customer="fan", behaviour=Behaviour(ios_version="17.5")),
            )
        ),
        _announced("final", "fan", _TEAMS[0], seed),
        _shown("fan", range(FANS), "final"),
        AwaitCard(phone="old-1", order="final", token=True),
        _said("final", "kicked_off"),
        _goal("final", "home", "Papadopoulou", 12),
        AtOnce(steps=tuple(Network(phone=f"fan-{each}", online=False) for each in range(_AWAY))),
        _goal("final", "away", "Müller", 31),
        _said("final", "half_time"),
        _said("final", "resumed"),
        _goal("final", "home", "Papadopoulou", 70),
        AtOnce(steps=tuple(Network(phone=f"fan-{each}", online=True) for each in range(_AWAY))),
        _shown("fan", range(FANS), "final", "second_half"),
        _said("final", "ended"),
    )
    return Story(title=f"A final that {FANS + 1} phones follow, some of them offline for a while.", steps=steps)


def _goes_on(seed: int) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(steps=tuple(Install(phone=f"guest-{each}", customer="guest") for each in range(4))),
        _announced("open", "guest", _TEAMS[1], seed),
        _shown("guest", range(4), "open"),
        _said("open", "kicked_off"),
        Install(phone="guest-4", customer="guest"),
        _goal("open", "away", "Tanaka", 3),
        AwaitCard(phone="guest-4", order="open"),
        _goal("open", "away", "Tanaka", 44),
    )
    return Story(title="Somebody signs in during a match, and follows it like the others.", steps=steps)


def _small(seed: int) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(steps=tuple(Install(phone=f"member-{each}", customer="member") for each in range(2))),
        _announced("small", "member", _TEAMS[2], seed),
        _shown("member", range(2), "small"),
        Dismiss(phone="member-0", order="small"),
        _said("small", "kicked_off"),
        _goal("small", "home", "Okafor", 9),
    )
    return Story(title="A card is swiped away, and the others go on.", steps=steps)
