"""The customers: install phones, order, allow late, swipe cards away; and what every push did on every phone."""

import asyncio
import random
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from app.simulator.agent import PhoneAgent
from app.simulator.card import Effect
from app.simulator.channels import Message
from app.simulator.simulator import Simulator
from tests.faults.concerts import Concerts
from tests.faults.orders import Teller
from tests.faults.pictures import Pictures
from tests.faults.writer import Shop

# A second start shows where no report of the app can forbid it.
SILENT_SHARE = 0.5


def is_silent(agent: PhoneAgent) -> bool:
    """Tell whether a phone's app is of the kind that never reports a card."""
    return agent.phone.behaviour.force_quit or agent.phone.behaviour.allow == "never"


class Shown(msgspec.Struct, frozen=True):
    """What one push did on a phone.

    Attributes:
        activity_id: The card; None for a start that showed none.
        content: The content state; None where the push had none.
        by_channel: It came on the channel that the card follows.
    """

    phone_id: str
    apns_id: str
    event: str
    activity_id: str | None
    applied: bool
    timestamp: int
    subject: str | None
    card_id: str | None
    content: dict[str, Any] | None
    by_channel: bool = False


class People:
    """Everybody who orders.

    Attributes:
        shown: What happened on all phones, in order.
        orders: Every order that was begun.
        acts: What people did with their phones.
        strays: Cards that named a picture which was not on their phone, in words.
    """

    def __init__(
        self, simulator: Simulator, shop: Shop, concerts: Concerts, pictures: Pictures, chance: random.Random
    ) -> None:
        self._simulator = simulator
        self._shop = shop
        self._concerts = concerts
        self._pictures = pictures
        self._chance = chance
        self.shown: list[Shown] = []
        self.orders: list[str] = []
        self.customers = 0
        self.acts = 0
        self.strays: list[str] = []

    async def crowd(self, size: int, enough: asyncio.Event) -> None:
        """Keep so many customers busy until it is enough; each finishes what was begun."""
        async with asyncio.TaskGroup() as group:
            for _ in range(size):
                group.create_task(self._one_after_another(enough))

    async def _one_after_another(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            self.customers += 1
            await self._live(f"customer-{self.customers}")

    async def _live(self, customer_id: str) -> None:
        """Let a customer with a phone or two order a few times; one phone may come late."""
        phones: list[PhoneAgent] = []
        late = self._chance.random() < 0.3
        if not late:
            phones.append(self._install(customer_id))
        await self._concerts.invite(customer_id)
        orders = [f"{customer_id}-order-{number}" for number in range(1, self._chance.randint(1, 3) + 1)]
        async with asyncio.TaskGroup() as group:
            for order_id in orders:
                group.create_task(self._order(order_id, customer_id))
            if late or self._chance.random() < 0.2:
                await asyncio.sleep(self._chance.uniform(0, 2))
                phones.append(self._install(customer_id))
            group.create_task(self._act(phones))

    def _install(self, customer_id: str) -> PhoneAgent:
        # a phone without a customer says nothing, so nothing is pushed before we watch
        behaviour = self._simulator.draw_behaviour()
        if self._chance.random() < SILENT_SHARE:
            silence = self._chance.choice(({"force_quit": True}, {"allow": "never"}))
            behaviour = msgspec.structs.replace(behaviour, **silence)
        behaviour = msgspec.structs.replace(behaviour, fetches_pictures=self._pictures.draw_fetching())
        agent = self._simulator.install_phone(behaviour=behaviour)
        # the one look at what a push did, in order
        agent.phone.receive = partial(self._watch, agent.phone_id, agent.phone.receive)  # type: ignore[method-assign]
        agent.phone.receive_broadcast = partial(  # type: ignore[method-assign]
            self._watch_broadcast, agent.phone_id, agent.phone.receive_broadcast
        )
        agent.sign_in(customer_id, ticket_for=self._shop.ticket_for)
        if agent.phone.behaviour.force_quit:
            agent.force_quit()
        return agent

    def _watch(self, phone_id: str, receive: Any, payload: Mapping[str, Any], **told: Any) -> Effect:
        effect: Effect = receive(payload, **told)
        aps = payload["aps"]
        phone = self._simulator.phones[phone_id].phone
        activity_id = told["to_activity"] or told["new_activity_id"]
        card = phone.cards.get(activity_id)
        self.shown.append(
            Shown(
                phone_id=phone_id,
                apns_id=told["apns_id"],
                event=aps["event"],
                activity_id=None if card is None else activity_id,
                applied=effect.applied,
                timestamp=aps["timestamp"],
                subject=None if card is None else card.subject,
                card_id=(aps.get("attributes") or {}).get("cardId") if card is None else card.card_id,
                content=aps.get("content-state"),
            )
        )
        picture = str((aps.get("content-state") or {}).get("imageKey"))
        if "@" in picture and picture not in phone.pictures:
            self.strays.append(f"phone {phone_id} was sent a card with {picture}, and has {sorted(phone.pictures)}")
        return effect

    def _watch_broadcast(self, phone_id: str, receive: Any, message: Message, now: float) -> None:
        phone, aps = self._simulator.phones[phone_id].phone, message.payload["aps"]
        following = [
            each for each in phone.cards.values() if each.channel_id == message.channel_id and each.state == "active"
        ]
        receive(message, now)
        # one record for each card, in the same order
        for card, record in zip(following, list(phone.records)[len(phone.records) - len(following) :], strict=True):
            self.shown.append(
                Shown(
                    phone_id=phone_id,
                    apns_id=message.request_id,
                    event=aps["event"],
                    activity_id=card.activity_id,
                    applied=record.applied,
                    timestamp=aps["timestamp"],
                    subject=card.subject,
                    card_id=card.card_id,
                    content=aps.get("content-state"),
                    by_channel=True,
                )
            )

    async def _order(self, order_id: str, customer_id: str) -> None:
        await asyncio.sleep(self._chance.uniform(0, 2))
        self.orders.append(order_id)
        for wave in Teller(order_id, customer_id, self._chance, self._pictures.choose()).tell():
            async with asyncio.TaskGroup() as group:
                for request in wave:
                    group.create_task(self._shop.post(request))
            await asyncio.sleep(self._chance.uniform(0.1, 1.5))

    async def _act(self, phones: list[PhoneAgent]) -> None:
        """Let people do what they do: allow late, get a new token from the system, swipe a card away, open the app."""
        for _ in range(4):
            await asyncio.sleep(self._chance.uniform(0.5, 3))
            agent = self._chance.choice(phones)
            active = [card for card in agent.phone.cards.values() if card.state == "active"]
            if agent.phone.behaviour.allow == "later" and agent.phone.permission == "asked":
                agent.allow()
            elif active and self._chance.random() < 0.1:
                agent.dismiss(active[0].activity_id)
            elif active and active[-1].update_token is not None and self._chance.random() < 0.3:
                agent.rotate_token(active[-1].activity_id)
            elif not agent.phone.force_quit and self._chance.random() < 0.2:
                agent.launch()
            else:
                continue
            self.acts += 1
