"""A dispatcher with an APNs that answers as it is told, moved by hand."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.apns.answer import Answer
from app.apns.credentials import Credentials
from app.apns.dispatch_rules import DispatchRules
from app.apns.dispatcher import Dispatcher
from app.apns.errors import Ambiguous, NotSent
from app.apns.fcm_request import FcmRequest
from app.apns.provider_token import ProviderToken
from app.apns.request import ApnsRequest, Environment
from app.apns.served import Served
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import PushTransport, Unreachable
from events.postgres.doorbell import Ring
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.flow import Flow

OK = Answer(200)
PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
POLL_NEVER = DispatchRules(poll=1_000_000)
EVERYTHING = Ring("somebody", settings=True)


class Apns:
    """Answers what it was told, 200 after that, and remembers what came."""

    def __init__(self, *answers: Answer | NotSent | Ambiguous) -> None:
        self.answers = list(answers)
        self.requests: list[ApnsRequest] = []
        self.messages: list[FcmRequest] = []
        self.renewed: list[tuple[Environment, str]] = []
        self.look: Callable[[ApnsRequest], Awaitable[None]] | None = None
        self.came = asyncio.Event()
        self.free_permits = 1_000
        self.away: dict[Environment, Unreachable] = {}

    async def send(
        self, request: ApnsRequest | FcmRequest, *, credential: str, bearer: str, deadline_seconds: float
    ) -> Answer:
        """Take a push, or a message to a phone with Android."""
        assert credential
        assert bearer
        assert deadline_seconds > 0
        if isinstance(request, ApnsRequest):
            self.requests.append(request)
        else:
            self.messages.append(request)
        self.came.set()
        if self.look is not None and isinstance(request, ApnsRequest):
            await self.look(request)
        answer = self.answers.pop(0) if self.answers else OK
        if isinstance(answer, Answer):
            return answer
        raise answer

    def unreachable(self) -> dict[Environment, Unreachable]:
        """Say what the test says."""
        return self.away

    def renew(self, environment: Environment, credential: str) -> None:
        """Note that a new connection is wanted."""
        self.renewed.append((environment, credential))

    async def close(self) -> None:
        """Hang up."""

    def events(self) -> list[str]:
        """Give what the pushes were to do."""
        return [json.loads(request.payload)["aps"]["event"] for request in self.requests]


def one_key(token: SharedProviderToken) -> Credentials:
    """Give credentials with one key, which serves everything."""
    return Credentials([(Served(environments=tuple(Environment)), token)])


def dispatcher(
    flow: Flow, apns: PushTransport, rules: DispatchRules = POLL_NEVER, *, credentials: Credentials | None = None
) -> Dispatcher:
    """Give a dispatcher that knows of every slot."""
    token = SharedProviderToken(flow.pool, flow.keyring, ProviderToken("TEAM123456", "KEY1234567", PEM))
    made = Dispatcher(
        flow.pool,
        flow.keyring,
        apns,
        credentials or one_key(token),
        flow.due.extend,
        ring_matcher=lambda: flow.flagged.append(True),
        rules=rules,
        dice=random.Random(1),
    )
    made.hear(EVERYTHING)
    return made


async def work(*dispatchers: Dispatcher) -> None:
    """Let dispatchers do all there is to do now, and write what became of it."""
    stop = asyncio.Event()
    settling = [asyncio.ensure_future(each._settler.run(stop)) for each in dispatchers]

    async def all_of(one: Dispatcher) -> None:
        while await one.dispatch_some():
            pass
        await one.drained()

    try:
        await asyncio.gather(*(all_of(each) for each in dispatchers))
    finally:
        stop.set()
        await asyncio.gather(*settling)


async def live(flow: Flow, clock: Clock) -> str:
    """Start the one card, let the app report its token, let a second pass, and give the card's id."""
    await work(dispatcher(flow, Apns()))
    card_id = str((await flow.card())["card_id"])
    await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
    await clock.advance(seconds=2)
    return card_id
