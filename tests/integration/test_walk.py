"""Promise 8: no card on another person's phone, whatever happens in whatever order."""

import random

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.card import Kind
from tests.conftest import Clock
from tests.examples.devices import TYPE, reported
from tests.integration.courier import Courier
from tests.integration.flow import Flow
from tests.scale import scaled

OPEN_ORDERS = 8
PHONES = ("phone-1", "phone-2", "phone-3")
CUSTOMERS = ("customer-1", "customer-2", "customer-3", None)
TYPES = ("order.ready", "order.courier_arriving", "order.note", "order.eta_changed", "order.picked_up")
STATES = (*["active"] * 6, "starting", "dismissed", "ended")


def token_of(phone: str, what: str) -> str:
    """Give a token that says which phone it is valid on."""
    return f"{phone}/{what}".encode().hex()


class Walk:
    """Phones, some of which come back under another device id, and orders of their users."""

    def __init__(self, flow: Flow, chance: random.Random) -> None:
        self._flow, self._chance = flow, chance
        self._orders: dict[str, str] = {}
        self._behind: set[str] = set()
        self._device_ids = {phone: f"{phone}.0" for phone in PHONES}
        self._signed_in: dict[str, str | None] = dict.fromkeys(PHONES)
        self.courier = Courier(flow, self._signed_in)
        self._steps = [self.sign_in, self.sign_out, self.lose_id, self.order] + [
            self.event,
            self.report,
        ] * 8

    async def step(self) -> None:
        """Let one thing happen, and then perhaps some of the workers come by."""
        await self._chance.choice(self._steps)()
        if self._chance.random() < 0.7 and self._behind:
            await self._flow.project(*self._behind)
            self._behind.clear()
        if self._chance.random() < 0.7:
            await self._flow.match()
        if self._chance.random() < 0.4:
            await self.courier.dispatch()

    async def sign_in(self) -> None:
        """Let a phone's app launch with another user, or with nobody."""
        phone = self._chance.choice(PHONES)
        await self._launch(phone, self._chance.choice(CUSTOMERS))

    async def sign_out(self) -> None:
        """Let a phone's app sign out."""
        phone = self._chance.choice(PHONES)
        self._signed_in[phone] = None
        await self._flow.registry.forget(self._device_ids[phone])

    async def lose_id(self) -> None:
        """Let a phone's app forget its device id and its user, but neither its tokens nor its cards."""
        phone = self._chance.choice(PHONES)
        name, _, count = self._device_ids[phone].partition(".")
        self._device_ids[phone] = f"{name}.{int(count) + 1}"
        await self._launch(phone, self._chance.choice(CUSTOMERS))

    async def order(self) -> None:
        """Let a customer order, and the order of a while ago be over."""
        subject, customer_id = f"order-{len(self._orders)}", self._chance.choice(CUSTOMERS[:3]) or ""
        self._orders[subject] = customer_id
        self._behind.add(subject)
        await self._flow.place(subject, customer_id)
        if (old := f"order-{len(self._orders) - OPEN_ORDERS}") in self._orders:
            self._behind.add(old)
            await self._flow.happen(old, "order.delivered")

    async def event(self) -> None:
        """Let something happen to one of the latest orders."""
        if self._orders:
            subject = self._chance.choice(list(self._orders)[-OPEN_ORDERS:])
            self._behind.add(subject)
            await self._flow.happen(subject, self._chance.choice(TYPES))

    async def report(self) -> None:
        """Let an app tell of a card, ours or its own, perhaps with a new token."""
        phone = self._chance.choice(PHONES)
        if (
            not self._orders
            or await self._flow.pool.fetchval(
                "SELECT count(*) FROM devices WHERE device_id = $1", self._device_ids[phone]
            )
            == 0
        ):
            return
        live = await self._flow.pool.fetch(
            "SELECT subject_id, card_id FROM cards WHERE starts_with(device_id, $1) AND phase <> 'over' "
            "ORDER BY created_at, card_id",
            phone,
        )
        if live and self._chance.random() < 0.9:
            card = self._chance.choice(live[-4:])
            subject, name = card["subject_id"], str(card["card_id"])
        else:
            subject = self._chance.choice(list(self._orders)[-OPEN_ORDERS:])
            name = f"own-{subject}"
        token = token_of(phone, f"{name}/{self._chance.randrange(3)}") if self._chance.random() < 0.8 else None
        answer = await self._flow.registry.report_card(
            self._device_ids[phone],
            name,
            reported(subject, activity_id=f"a-{name}", update_token=token, state=self._chance.choice(STATES)),
        )
        if answer.content_state is not None:
            assert self._signed_in[phone] == self._orders[subject]

    async def _launch(self, phone: str, customer_id: str | None) -> None:
        self._signed_in[phone] = customer_id
        answer = await self._flow.register(
            self._device_ids[phone], customer_id, start_tokens={TYPE: token_of(phone, "start")}
        )
        for missing in answer.missing:
            assert self._orders[missing.subject] == customer_id


@pytest.mark.faults
async def test_a_random_walk_shows_nobody_what_is_not_theirs(pool: Pool, keyring: Keyring, clock: Clock) -> None:
    """Steps of sign-ins, sign-outs, changed ids, reports and orders: invariant 9 holds at every push."""
    flow = Flow(pool, keyring)
    await flow.projector.adopt()
    walk = Walk(flow, random.Random(8))
    for _ in range(scaled(1_000, 100_000)):
        await walk.step()
        await clock.advance(seconds=2)
    assert walk.courier.sent[Kind.START] > 100
    assert walk.courier.sent[Kind.UPDATE] > 20
    assert walk.courier.sent[Kind.END] > 5
