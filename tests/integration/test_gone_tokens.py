"""Promise 12: a token that APNs called gone is not used again, unless it was registered after the time APNs gave."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.apns.answer import Answer
from app.apns.fcm_request import FcmRequest
from app.apns.request import ApnsRequest
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow
from tests.scale import scaled

TOKENS = (UPDATE_TOKEN, *(f"{number:064x}" for number in range(1, 5)))


@dataclass
class Known:
    """What Lockstep was told of a token value, and what APNs has said of it since it became the card's."""

    registered_at: datetime
    refused_since: list[datetime]

    @property
    def usable(self) -> bool:
        """Tell whether one more push to it is right."""
        match self.refused_since:
            case []:
                return True
            case [since]:
                return since < self.registered_at
            case _:
                return False


class Forgetful(Apns):
    """Calls some tokens gone, since some time, once or for good."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.current, self.known = UPDATE_TOKEN, known
        self.gone: dict[str, tuple[datetime, int]] = {}
        self.refusals = 0
        self.wrong: list[str] = []

    async def send(
        self, request: ApnsRequest | FcmRequest, *, credential: str, bearer: str, deadline_seconds: float
    ) -> Answer:
        """Take a push, and note one that should not have been sent."""
        if request.token != self.current or not self.known.usable:
            self.wrong.append(f"{request.token[-4:]} {self.known}")
        since, left = self.gone.get(request.token, (None, 0))
        if since is not None and left:
            self.gone[request.token] = (since, left - 1)
            self.known.refused_since.append(since)
            self.refusals += 1
            self.answers = [Answer(410, "Unregistered", timestamp_ms=round(since.timestamp() * 1_000))]
        return await super().send(request, credential=credential, bearer=bearer, deadline_seconds=deadline_seconds)


@pytest.mark.parametrize("seed", range(scaled(3, 100)))
async def test_a_gone_token_is_left_alone(owing: Flow, clock: Clock, seed: int) -> None:
    """Events, refusals from before and after the registration, new tokens, and the same one again, in any order."""
    dice = random.Random(seed)
    card_id = await live(owing, clock)
    apns = Forgetful(Known((await owing.card())["token_registered_at"], []))
    for step in range(60):
        now = await clock.advance(seconds=dice.choice([2, 31, 45, 90]))
        match dice.randrange(5):
            case 0:
                since = now - timedelta(seconds=dice.choice([0, 600]))
                apns.gone[apns.current] = (since, dice.choice([1, 1, 99]))
            case 1 | 2:
                token = dice.choice([apns.current, *TOKENS])
                await owing.registry.report_card("phone-1", card_id, reported(update_token=token))
                if token != apns.current:
                    apns.gone.pop(token, None)
                    apns.current, apns.known = token, Known(await clock.now(), [])
            case _:
                at = datetime(2026, 11, 1, 13, tzinfo=UTC) + timedelta(minutes=step)
                eta = owing.event("order-1", "order.eta_changed", {"deliveryTime": at.isoformat()})
                await owing.append(eta)
                await owing.project("order-1")
        await work(dispatcher(owing, apns))

    assert apns.wrong == []
    assert apns.refusals
    assert len(apns.requests) > apns.refusals + 3
