"""A pause as a value: what it holds back, and the command that lifts it."""

import shlex
from collections.abc import Iterable
from datetime import datetime

import msgspec

from projections.card import FCM, Card

ALL = ("all", "*")
ANY_APP = "*"
CHANNELS = "channels"
"""The kind of a pause that holds no card: of an app, in an environment, Apple makes no more channels."""

Route = tuple[str, str, str]
"""App, or ANY_APP for those that no other route names; environment; and the id of the key that signs for it."""


class PauseRow(msgspec.Struct, frozen=True):
    """What must not be claimed, since when, until when and why."""

    kind: str
    key: str
    reason: str
    paused_at: datetime
    until: datetime | None

    @property
    def by_person(self) -> bool:
        """Tell whether a person set it; the others come from answers of APNs."""
        return self.kind in ("all", "app", "type")

    def holds(self, card: Card, routes: Iterable[Route] | None) -> bool:
        """Tell whether it keeps this card from being claimed, as `claim_cards` has it.

        Args:
            card: The card.
            routes: Those that the dispatcher claims by; None where they are not known, and then any key of the card's
                environment may be the one that signs for it.
        """
        match self.kind:
            case "app":
                return self.key == card.app
            case "type":
                return self.key == card.attributes_type
            case "topic":
                return self.key == f"{card.app}/{card.environment}"
            case "credential":
                key_id, _, environment = self.key.partition("/")
                return environment == card.environment and (routes is None or key_id == _key_of(card, routes))
            case _:
                return self.kind == "all"


class ToldPause(msgspec.Struct, frozen=True, rename="camel"):
    """A pause as programs read it.

    Attributes:
        resume: The command that lifts it.
    """

    kind: str
    key: str
    reason: str
    paused_at: datetime
    until: datetime | None
    resume: str


def told_pause(pause: PauseRow) -> ToldPause:
    """Give a pause with the command that lifts it."""
    resume = lifted_by(pause.kind, pause.key)
    return ToldPause(pause.kind, pause.key, pause.reason, pause.paused_at, pause.until, resume)


def _key_of(card: Card, routes: Iterable[Route]) -> str | None:
    """Give the id of the key that signs a card's pushes; None when there is none."""
    served = {app: key_id for app, environment, key_id in routes if environment == card.environment}
    return served.get(card.app, served.get(ANY_APP))


def spelled(kind: str, key: str) -> str:
    """Name what is paused."""
    return "all pushes" if (kind, key) == ALL else f"{kind} {key}"


def lifted_by(kind: str, key: str) -> str:
    """Give the command that lifts a pause."""
    return "lockstep resume " + ("all" if (kind, key) == ALL else f"--{kind} {shlex.quote(key)}")


def told(kind: str, key: str) -> str:
    """Name what is paused for somebody who does not know our words."""
    first, _, environment = key.partition("/")
    match kind:
        case "app":
            return f"the pushes of the app {key}"
        case "type":
            return f"the pushes of the type {key}"
        case "topic":
            return f"the pushes of the app {first} {within(environment)}"
        case "channels":
            return f"new channels of the app {first} {within(environment)}"
        case "credential":
            return f"the pushes signed with the key {first} {within(environment)}"
        case _:
            return "all pushes"


def within(environment: str) -> str:
    """Name an environment for somebody who does not know the word."""
    # builds for TestFlight are tests too, and use production
    if environment == FCM:
        return "on Android"
    if environment == "sandbox":
        return "in Apple's sandbox (for test builds from Xcode, not for apps from the App Store)"
    return "in Apple's production"
