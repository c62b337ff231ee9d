"""Draw the delays, repetitions and tokens of a phone from a seed, so that a run can be repeated."""

import random
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import msgspec

from app.simulator.behaviour import Allow, Behaviour

Seconds = tuple[float, float]

# Apple warns not to count on a size; start tokens of 80 bytes have been seen.
_TOKEN_SIZES_BYTES = (32, 32, 64, 80)
_ALLOW: tuple[Allow, ...] = ("now", "later", "never")


class Profile(msgspec.Struct, frozen=True, rename="camel"):
    """Say how far phones are from instant and orderly.

    Args:
        name: what the control API calls it.
        delivery_seconds: shortest and longest way of a push to the phone; pushes overtake one another.
        call_seconds: the same for the app's calls.
        allow_seconds: how long the user looks before tapping Allow.
        token_seconds: how long the system takes to hand out an update token.
        retry_seconds: first and longest wait before a failed call is tried again.
        repeat_probability: how often a call is made twice.
        call_loss_probability: how often a call, or its answer, is lost on the way; the app makes it again.
        push_loss_probability: how often APNs loses a push that it accepted. It tells nobody: a sender cannot make up
            for a card's last push, so phones only match what they must show where this is 0.
        ordered: whether the app makes one call after another.
    """

    name: str
    delivery_seconds: Seconds = (0.0, 0.0)
    call_seconds: Seconds = (0.0, 0.0)
    allow_seconds: Seconds = (0.0, 0.0)
    token_seconds: Seconds = (0.0, 0.0)
    retry_seconds: Seconds = (0.05, 0.5)
    repeat_probability: float = 0.0
    call_loss_probability: float = 0.0
    push_loss_probability: float = 0.0
    ordered: bool = True

    def scaled(self, factor: float) -> "Profile":
        """Give the profile with all its delays multiplied."""
        return msgspec.structs.replace(
            self,
            **{
                field: (getattr(self, field)[0] * factor, getattr(self, field)[1] * factor)
                for field in ("delivery_seconds", "call_seconds", "allow_seconds", "token_seconds", "retry_seconds")
            },
        )


CALM = Profile("calm")
LIVELY = Profile(
    "lively",
    delivery_seconds=(0.0, 0.08),
    call_seconds=(0.0, 0.15),
    allow_seconds=(0.2, 1.5),
    token_seconds=(0.02, 0.3),
    retry_seconds=(0.2, 5.0),
    repeat_probability=0.15,
    call_loss_probability=0.1,
    ordered=False,
)
LOSSY = msgspec.structs.replace(LIVELY, name="lossy", push_loss_probability=0.1)
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (CALM, LIVELY, LOSSY)})


class Chance:
    """Draw from one seeded source."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def between(self, span: Seconds) -> float:
        """Give a duration between the shortest and the longest."""
        return self._random.uniform(*span) if span[1] else 0.0

    def happens(self, probability: float) -> bool:
        """Say whether something of this probability happens."""
        return probability > 0 and self._random.random() < probability

    def token(self) -> str:
        """Give a device token, of one of the sizes seen in the wild."""
        return self._random.randbytes(self._random.choice(_TOKEN_SIZES_BYTES)).hex()

    def registration_token(self) -> str:
        """Give a registration token of FCM's, which promises no form; such have been seen."""
        first, second = (urlsafe_b64encode(self._random.randbytes(size)).decode().rstrip("=") for size in (16, 100))
        return f"{first}:APA91b{second}"

    def identifier(self) -> str:
        """Give a UUID in capitals, as iOS writes them."""
        return str(UUID(int=self._random.getrandbits(128), version=4)).upper()

    def behaviour(self) -> Behaviour:
        """Give a behaviour from the mix one meets: most allow, some later or never, some force-quit the app."""
        allow: Allow = self._random.choices(_ALLOW, (80, 12, 8))[0]
        return Behaviour(
            allow=allow,
            force_quit=self.happens(0.1),
            low_power=self.happens(0.03),
            activities_enabled=not self.happens(0.04),
            frequent_pushes_enabled=not self.happens(0.1),
            ios_version=self._random.choices(("18.1", "26.2", "17.5", "17.1"), (60, 25, 12, 3))[0],
            after_end="expired" if self.happens(0.5) else "accepted",
            clock_offset_seconds=self._random.choices((0.0, -90.0, 240.0), (85, 10, 5))[0],
        )
