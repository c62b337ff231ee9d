"""Push tokens in the registry, on a real Postgres: whose they are, and whom they are taken from."""

import asyncio

import asyncpg

from projections.card import Phase, Settlement
from tests.conftest import Clock
from tests.examples.devices import START_TOKEN, TYPE, UPDATE_TOKEN, reported
from tests.integration.flow import Flow


async def token_row(flow: Flow) -> asyncpg.Record:
    """Give the one start token."""
    row = await flow.pool.fetchrow("SELECT * FROM push_tokens")
    assert row is not None
    return row


async def test_the_latest_device_takes_a_token(flow: Flow) -> None:
    """A value belongs to one device for each app and environment, and starts anew with it."""
    await flow.register("phone-1", start_tokens={TYPE: START_TOKEN})
    first = await token_row(flow)
    await flow.cards.refuse_tokens([("com.example.shop", "sandbox", first["token_hash"])])
    await flow.register("phone-2", start_tokens={TYPE: START_TOKEN.upper()})
    taken = await token_row(flow)

    assert (taken["device_id"], taken["refused_at"]) == ("phone-2", None)
    assert taken["registered_at"] > first["registered_at"]
    await flow.register("phone-2", environment="production", start_tokens={TYPE: START_TOKEN})
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens") == 2


async def test_the_same_value_keeps_its_time_and_what_apns_said(flow: Flow, clock: Clock) -> None:
    """Registering again confirms the device and not the token."""
    await flow.register(start_tokens={TYPE: START_TOKEN})
    before = await token_row(flow)
    await flow.cards.refuse_tokens([("com.example.shop", "sandbox", before["token_hash"])])
    await clock.advance(hours=1)
    await flow.register(start_tokens={TYPE: START_TOKEN})
    after = await token_row(flow)

    assert after["registered_at"] == before["registered_at"]
    assert after["refused_at"] is not None
    confirmed = await flow.pool.fetchrow("SELECT registered_at, confirmed_at FROM devices")
    assert confirmed is not None
    assert confirmed["confirmed_at"] > confirmed["registered_at"]


async def test_a_phone_that_returns_under_another_id_takes_its_cards_away(flow: Flow) -> None:
    """The token says that it is the same phone: the earlier id is signed out and its cards are looked at."""
    card = await flow.wanted()
    await flow.register("phone-2", "customer-8", start_tokens={TYPE: b"phone-1".hex()})
    assert await flow.registry.owner("phone-1") is None
    await flow.match()
    assert (await flow.card())["debt"] > card["debt"]


async def test_two_devices_that_take_tokens_from_one_another_are_both_stored(flow: Flow) -> None:
    """Neither waits for the other for ever."""
    left, right = {TYPE: "aa" * 32}, {TYPE: "bb" * 32}
    await flow.register("phone-1", start_tokens=left)
    await flow.register("phone-2", start_tokens=right)
    await asyncio.gather(flow.register("phone-1", start_tokens=right), flow.register("phone-2", start_tokens=left))

    holders = "SELECT count(DISTINCT device_id) FROM push_tokens"
    assert await flow.pool.fetchval(holders) == 2


async def test_an_update_token_keeps_its_time_until_its_value_changes(flow: Flow, clock: Clock) -> None:
    """The 410 rule compares with when the value came, not with when it was last said."""
    card = await flow.wanted()
    times = []
    for token in (UPDATE_TOKEN, UPDATE_TOKEN.upper(), None, "cc" * 32):
        await flow.registry.report_card("phone-1", str(card["card_id"]), reported(update_token=token))
        times.append((await flow.card())["token_registered_at"])
        await clock.advance(minutes=1)

    assert times[0] == times[1] == times[2]
    assert times[3] > times[0]


async def test_a_type_that_is_not_reported_any_more_has_no_token(flow: Flow) -> None:
    """The launch report names all of them."""
    await flow.register(start_tokens={TYPE: START_TOKEN, "RideAttributes": "cc" * 32})
    await flow.register(start_tokens={TYPE: START_TOKEN})

    assert await flow.pool.fetchval("SELECT array_agg(attributes_type) FROM start_tokens") == [TYPE]


async def test_no_token_stands_in_plain(flow: Flow) -> None:
    """Sealed, and found by a keyed hash."""
    card = await flow.wanted()
    await flow.register(start_tokens={TYPE: START_TOKEN}, alert_token="dd" * 32)
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported(update_token=UPDATE_TOKEN))
    rows = [
        row["line"]
        for table in ("devices", "push_tokens", "start_tokens", "cards")
        for row in await flow.pool.fetch(f"SELECT t::text AS line FROM {table} AS t")
    ]
    assert [token for token in (START_TOKEN, UPDATE_TOKEN, "dd" * 32) if any(token in row for row in rows)] == []


async def test_a_launch_waits_for_pushes_to_the_phone_under_its_earlier_id(flow: Flow) -> None:
    """A start for whoever was signed in before lands before the answer, also where the app lost its id."""
    await flow.register("phone-1", start_tokens={TYPE: START_TOKEN})
    await flow.place()
    await flow.settle("order-1")
    [claimed] = await flow.claim()
    launch = asyncio.ensure_future(flow.register("phone-2", "customer-8", start_tokens={TYPE: START_TOKEN}))
    while await flow.registry.owner("phone-1") is not None:
        pass
    await asyncio.wait([launch], timeout=0.3)
    assert not launch.done()
    landed = Settlement(card=claimed.card, phase=Phase.SHOWN, considered_version=1, outcome="accepted", why="it landed")
    await flow.cards.settle([landed], [])
    await launch


async def test_of_many_ids_of_one_phone_the_last_alone_stays_signed_in(flow: Flow) -> None:
    """Registered at the same time with the same token: whoever loses it is signed out, whatever the order."""
    for _ in range(10):
        await asyncio.gather(
            *(flow.register(f"phone-{n}", f"customer-{n}", start_tokens={TYPE: START_TOKEN}) for n in range(4))
        )
        owner = (await token_row(flow))["device_id"]
        signed_in = await flow.pool.fetch("SELECT device_id FROM devices WHERE customer_id IS NOT NULL")
        assert [row["device_id"] for row in signed_in] == [owner]
        await flow.pool.execute("DELETE FROM push_tokens; DELETE FROM devices")
