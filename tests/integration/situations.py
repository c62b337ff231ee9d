"""Situations in which somebody asks why a card did not move, each made with real stages on a real Postgres.

Whatever its situation, the order that is asked about is order-1.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NoReturn

import pytest

import projections.projector as projector_module
from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent
from app.apns.request import Environment
from app.apns.transports import Unreachable
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.examples.devices import at_launch, reported
from tests.examples.events import FACTS
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow, from_a_newer_release


@dataclass
class Scene:
    """What a situation is made with."""

    flow: Flow
    clock: Clock
    monkeypatch: pytest.MonkeyPatch

    async def send(self, *answers: Answer | NotSent | Ambiguous) -> None:
        """Let a dispatcher do all there is to do, with these answers first and 200 after them."""
        await work(dispatcher(self.flow, Apns(*answers)))

    async def happen(self, *types: str, minutes: float = 40) -> None:
        """Let something happen to the order, with delivery expected in so many minutes, and fold it."""
        at = (await self.clock.now() + timedelta(minutes=minutes)).isoformat()
        for type_ in types:
            facts = FACTS[type_]
            changed = {name: at if name == "deliveryTime" else value for name, value in facts.items()}
            await self.flow.append(self.flow.event("order-1", type_, changed))
        await self.flow.settle("order-1")

    async def wanted(self, **device: object) -> None:
        """Let a phone register, and place the order."""
        await self.flow.register(**device)  # type: ignore[arg-type]
        await self.flow.place()
        await self.flow.settle("order-1")

    async def live(self) -> str:
        """Bring the card to the phone, with its token, and give its id."""
        await self.wanted()
        card_id = await live(self.flow, self.clock)
        await self.clock.advance(seconds=58)
        return card_id


async def never_allowed(scene: Scene) -> None:
    """The app told of the card, and the customer did not tap Allow."""
    await scene.wanted()
    await scene.send()
    card_id = str((await scene.flow.card())["card_id"])
    await scene.flow.registry.report_card("phone-1", card_id, reported(state="starting"))
    await scene.happen("order.accepted")
    await scene.clock.advance(minutes=5)
    await scene.send()


async def force_quit(scene: Scene) -> None:
    """The app was swiped away, so nobody tells of the card."""
    await scene.wanted()
    await scene.send()
    await scene.happen("order.accepted")
    await scene.clock.advance(minutes=10)
    await scene.send()


async def start_token_stale(scene: Scene) -> None:
    """Two cards before this one were never told of either."""
    await scene.flow.register()
    for name in ("order-8", "order-9"):
        await scene.flow.place(name)
        await scene.flow.settle(name)
        await scene.send()
        await scene.clock.advance(minutes=32)
        await scene.send()
    await scene.flow.place()
    await scene.flow.settle("order-1")
    await scene.send()
    await scene.clock.advance(minutes=5)
    await scene.happen("order.accepted")
    await scene.send()


async def no_start_token(scene: Scene) -> None:
    """The app registered without a start token."""
    await scene.wanted(start_tokens={})
    await scene.clock.advance(minutes=2)
    await scene.send()


async def start_token_refused(scene: Scene) -> None:
    """APNs does not know the start token any more."""
    await scene.wanted()
    await scene.send(Answer(410, "Unregistered", timestamp_ms=4_000_000_000_000))


async def ios_too_old(scene: Scene) -> None:
    """The phone has iOS 16.4."""
    await scene.wanted(ios_version="16.4")
    await scene.send()
    await scene.clock.advance(minutes=3)


async def switched_off(scene: Scene) -> None:
    """The customer switched Live Activities off."""
    await scene.wanted(activities_enabled=False)
    await scene.send()
    await scene.clock.advance(minutes=3)


async def swiped_away(scene: Scene) -> None:
    """The customer swiped the card away, and the app said so."""
    card_id = await scene.live()
    await scene.flow.registry.report_card("phone-1", card_id, reported(state="dismissed"))
    await scene.clock.advance(minutes=4)
    await scene.happen("order.accepted")
    await scene.send()


async def update_token_refused(scene: Scene) -> None:
    """APNs does not know the card's token any more, and the app said nothing."""
    await scene.live()
    await scene.happen("order.accepted")
    await scene.send(Answer(410, "ExpiredToken", timestamp_ms=4_000_000_000_000))


async def paused_by_person(scene: Scene) -> None:
    """Somebody pressed the stop button."""
    await scene.live()
    await Pauses(scene.flow.pool).pause("all", "*", reason="wrong texts")
    await scene.happen("order.accepted")
    await scene.clock.advance(minutes=4)


async def topic_paused(scene: Scene) -> None:
    """The key may not push to this app."""
    await scene.live()
    await scene.happen("order.accepted")
    await scene.send(Answer(400, "TopicDisallowed"))


async def credential_paused(scene: Scene) -> None:
    """The key was revoked."""
    await scene.live()
    await scene.happen("order.accepted")
    await scene.send(Answer(403, "InvalidProviderToken"))


async def retrying(scene: Scene) -> None:
    """APNs is overloaded and named a time."""
    await scene.live()
    await scene.happen("order.accepted")
    await scene.send(Answer(503, "ServiceUnavailable", retry_after=600))


async def unreachable(scene: Scene) -> None:
    """Nobody answers at APNs' address."""
    await scene.live()
    apns = Apns()
    apns.away[Environment.SANDBOX] = Unreachable("api.sandbox.push.apple.com did not answer within 10 s", 0.0, math.inf)
    await scene.happen("order.accepted")
    for _ in range(8):
        await work(dispatcher(scene.flow, apns))
        await scene.clock.advance(seconds=30)


async def failed(scene: Scene) -> None:
    """The push is larger than APNs takes."""
    await scene.live()
    await scene.happen("order.accepted")
    await scene.send(Answer(413, "PayloadTooLarge"))


async def start_unknown(scene: Scene) -> None:
    """The connection broke after the start had left."""
    await scene.wanted()
    await scene.send(Ambiguous("the connection was lost"))


async def start_counted(scene: Scene) -> None:
    """The same, and the app has not told of the card since."""
    await scene.wanted()
    await scene.send(Ambiguous("the connection was lost"))
    await scene.clock.advance(minutes=3)
    await scene.send()


async def budget_used_up(scene: Scene) -> None:
    """Ten cards were started on the phone a moment ago."""
    await scene.flow.register()
    before = [f"order-{number}" for number in range(2, 12)]
    for each in before:
        await scene.flow.place(each)
    await scene.flow.settle(*before)
    await scene.send()
    await scene.flow.place()
    await scene.flow.settle("order-1")
    await scene.send()


async def another_customer(scene: Scene) -> None:
    """Somebody else signed in on the phone."""
    await scene.live()
    await scene.flow.register(customer_id="customer-8")
    await scene.flow.match()
    await scene.send()
    await scene.clock.advance(minutes=3)
    await scene.happen("order.accepted")


async def not_placed(scene: Scene) -> None:
    """Events came, but never order.placed."""
    await scene.flow.register()
    await scene.happen("order.accepted")
    await scene.clock.advance(minutes=5)


async def shown_later(scene: Scene) -> None:
    """The order asks for its card in two hours."""
    await scene.flow.register()
    at = await scene.clock.now() + timedelta(hours=2)
    await scene.flow.place(showAt=at.isoformat())
    await scene.flow.settle("order-1")


async def postponed(scene: Scene) -> None:
    """The order was moved to another day after its card had appeared."""
    await scene.live()
    await scene.send()
    at = await scene.clock.now() + timedelta(days=3)
    await scene.flow.append(scene.flow.event("order-1", "order.rescheduled", {"showAt": at.isoformat()}))
    await scene.flow.settle("order-1")
    await scene.send()
    await scene.clock.advance(minutes=5)


async def no_phone(scene: Scene) -> None:
    """The customer never installed the app."""
    await scene.flow.place()
    await scene.flow.settle("order-1")
    await scene.clock.advance(minutes=6)


async def delivered(scene: Scene) -> None:
    """The order is over and the card was ended."""
    await scene.live()
    await scene.happen("order.delivered")
    await scene.send()
    await scene.clock.advance(minutes=20)


async def expired(scene: Scene) -> None:
    """The card had no token for eight hours, and the order is still open."""
    await scene.wanted()
    await scene.send()
    await scene.clock.advance(hours=8)
    await scene.clock.advance(minutes=1)
    await scene.send()


async def quarantined(scene: Scene) -> None:
    """A fold with a bug met the order."""

    def fold(*_: object) -> NoReturn:
        raise ValueError("Anna Kaya")

    await scene.live()
    scene.monkeypatch.setattr(projector_module, "fold", fold)
    await scene.happen("order.courier_assigned")
    await scene.clock.advance(minutes=7)


async def newer_event(scene: Scene) -> None:
    """A newer release took an event that this one does not know."""
    await scene.live()
    await from_a_newer_release(scene.flow.pool, "order-1", 2)
    await scene.flow.project("order-1")
    await scene.send()
    await scene.clock.advance(minutes=7)


async def projector_behind(scene: Scene) -> None:
    """No projector runs."""
    await scene.live()
    await scene.send()
    await scene.flow.happen("order-1", "order.accepted")
    await scene.clock.advance(minutes=3)


async def dispatcher_behind(scene: Scene) -> None:
    """No dispatcher runs."""
    await scene.live()
    await scene.send()
    await scene.happen("order.accepted")
    await scene.clock.advance(minutes=3)


async def up_to_date(scene: Scene) -> None:
    """APNs took everything, and the customer switched frequent updates off."""
    card_id = await scene.live()
    await scene.happen("order.accepted")
    await scene.happen("order.eta_changed", minutes=50)
    await scene.send()
    cards = (at_launch(card_id=card_id, state="active"),)
    await scene.flow.register(frequent_pushes_enabled=False, cards=cards)
    await scene.flow.match()
    await scene.send()
    await scene.clock.advance(minutes=2)


SITUATIONS: Final[dict[str, Callable[[Scene], Awaitable[None]]]] = {
    each.__name__: each
    for each in (
        never_allowed, force_quit, start_token_stale, no_start_token, start_token_refused, ios_too_old, switched_off,
        swiped_away, update_token_refused, paused_by_person, topic_paused, credential_paused, retrying, unreachable,
        failed, start_unknown, start_counted, budget_used_up, another_customer, not_placed, shown_later, postponed,
        no_phone, delivered, expired, quarantined, newer_event, projector_behind, dispatcher_behind, up_to_date,
    )
}  # fmt: skip
