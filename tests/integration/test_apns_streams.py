"""How many pushes an engine lets fly, against a peer that changes its mind."""

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.generation import SupersededError
from app.apns.http2_link import StreamSlots
from tests.integration.engines import Make, against, all_well, outcomes, send
from tests.integration.scripted_apns import OK, Action, Hang, Limit, Reply, Seen


async def test_one_push_goes_alone_until_it_was_answered(make: Make, tmp_path: Path) -> None:
    """A cold burst of sixty waits for the first answer and shares one connection."""
    first_answer = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reply(after=first_answer),) if seen.number == 1 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        burst = asyncio.create_task(outcomes(transport, range(60)))
        await peer.wait_for(1)
        alone = len(peer.seen)
        first_answer.set()
        assert all(isinstance(one, Answer) for one in await burst)
    assert (alone, peer.connections, len(peer.seen)) == (1, 1, 60)


async def test_a_limit_of_one_until_the_first_answer_is_kept(make: Make, tmp_path: Path) -> None:
    """A cold burst of sixty meets one stream, takes up the raise of the limit, and never passes it."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (OK, Limit(10)) if seen.number == 1 else (OK,)

    async with against(make, tmp_path, script, first_limit=1) as (peer, transport):
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(60)))
    assert (peer.connections, len(peer.seen)) == (1, 60)
    assert peer.most_open_streams <= 10


async def test_a_limit_that_stays_at_one_is_kept(make: Make, tmp_path: Path) -> None:
    """Pushes go one after the other, and no second connection is opened to get round the limit."""
    async with against(make, tmp_path, all_well, first_limit=1) as (peer, transport):
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(60)))
    assert (peer.connections, peer.most_open_streams, len(peer.seen)) == (1, 1, 60)


async def test_a_server_that_names_no_limit_gets_many_streams(make: Make, tmp_path: Path) -> None:
    """Without SETTINGS_MAX_CONCURRENT_STREAMS the pushes still run side by side."""
    together = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 21:
            together.set()
        return (OK,) if seen.number == 1 else (Reply(after=together),)

    async with against(make, tmp_path, script, first_limit=None) as (peer, transport):
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(21)))
    assert peer.most_open_streams >= 20


async def test_a_limit_lowered_in_flight_hangs_nobody(make: Make, tmp_path: Path) -> None:
    """A rejection cuts the limit to one with 150 in flight; all are answered, on one connection."""
    lowered = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 91:
            lowered.set()
            return (Reply(400, b'{"reason":"BadDeviceToken"}'), Limit(1))
        return (Reply(after=lowered),) if 1 < seen.number < 91 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 0)
        answers = await outcomes(transport, range(1, 151))
    assert all(isinstance(one, Answer) for one in answers)
    assert (peer.connections, len(peer.seen)) == (1, 151)


async def test_a_limit_that_comes_back_is_used(make: Make, tmp_path: Path) -> None:
    """1,000 streams, then one, then 1,000: pushes run side by side again."""
    together = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 10:
            return (OK, Limit(1))
        if seen.number == 20:
            return (OK, Limit(1_000))
        if seen.number == 30:
            together.set()
        return (Reply(after=together),) if seen.number > 20 else (OK,)

    async with against(make, tmp_path, script, first_limit=1_000) as (peer, transport):
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(10)))
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(10, 20)))
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(20, 30)))
    assert (peer.connections, peer.most_open_streams) == (1, 10)


async def test_permits_bound_what_is_in_flight(make: Make, tmp_path: Path) -> None:
    """No more pushes are open than there are permits, and the property counts them."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (OK,) if seen.number == 1 else (Reply(after=held),)

    async with against(make, tmp_path, script, max_in_flight=5) as (peer, transport):
        await send(transport, 0)
        many = asyncio.create_task(outcomes(transport, range(1, 21)))
        await peer.wait_for(6)
        assert transport.free_permits == 0
        held.set()
        await many
        assert (transport.free_permits, peer.most_open_streams) == (5, 5)


async def test_cancelled_pushes_leave_the_sender_usable(make: Make, tmp_path: Path) -> None:
    """Forty are cancelled in flight, then ninety more are answered and no permit is lost."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if 1 < seen.number <= 41 else (OK,)

    async with against(make, tmp_path, script, max_in_flight=100) as (peer, transport):
        await send(transport, 0)
        doomed = [asyncio.create_task(send(transport, number)) for number in range(1, 41)]
        await peer.wait_for(41)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(41, 131)))
        assert transport.free_permits == 100
    # httpx leaves cancelled streams open, and so the whole connection behind; pyqwest resets them.
    assert peer.connections == (1 if make.most_timeouts > 1 else 2)


async def test_cancelled_pushes_give_their_streams_back(make: Make, tmp_path: Path) -> None:
    """With every stream taken by a push that is given up, those that wait are answered."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if 1 < seen.number <= 11 else (OK,)

    async with against(make, tmp_path, script, first_limit=10) as (peer, transport):
        await send(transport, 0)
        doomed = [asyncio.create_task(send(transport, number)) for number in range(1, 11)]
        await peer.wait_for(11)
        waiting = asyncio.create_task(outcomes(transport, range(11, 31)))
        await asyncio.sleep(0)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        assert all(isinstance(one, Answer) for one in await waiting)


async def test_a_first_push_that_is_cancelled_lets_the_next_go_first(make: Make, tmp_path: Path) -> None:
    """The gate of a cold connection is handed on."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if seen.number == 1 else (OK,)

    async with against(make, tmp_path, script, first_limit=1) as (peer, transport):
        doomed = asyncio.create_task(send(transport, 0))
        await peer.wait_for(1)
        waiting = asyncio.create_task(outcomes(transport, range(1, 11)))
        await asyncio.sleep(0)
        doomed.cancel()
        assert all(isinstance(one, Answer) for one in await waiting)


async def test_a_silent_server_costs_deadlines_and_a_connection(make: Make, tmp_path: Path) -> None:
    """After K timeouts in a row the next push goes over a new connection, and a neighbour on the old one lives."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 2:
            return (Reply(after=held),)
        return (Hang(),) if 2 < seen.number <= 2 + make.most_timeouts else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 1)
        neighbour = asyncio.create_task(send(transport, 2))
        await peer.wait_for(2)
        for number in range(make.most_timeouts):
            with pytest.raises(Ambiguous):
                await send(transport, 3 + number, within=0.1)
        await send(transport, 99)
        held.set()
        assert (await neighbour).status == 200
    assert [seen.connection for seen in peer.seen] == [1, 1, *[1] * make.most_timeouts, 2]


async def test_an_answer_between_timeouts_keeps_the_connection(make: Make, tmp_path: Path) -> None:
    """Only timeouts in a row speak against a connection; httpx loses it at the first, by nature."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if seen.number % 2 == 0 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        for number in range(0, 10, 2):
            await send(transport, number)
            with pytest.raises(Ambiguous):
                await send(transport, number + 1, within=0.1)
    assert peer.connections == (1 if make.most_timeouts > 1 else 5)


async def test_a_black_hole_is_left_with_everything_in_flight(make: Make, tmp_path: Path) -> None:
    """Of forty in flight each ends ambiguous at its deadline, and the next goes over a new connection."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if seen.connection == 1 and seen.number > 1 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 0)
        lost = await outcomes(transport, range(1, 41), within=0.3)
        assert (await send(transport, 99)).status == 200
        assert transport.free_permits == 500
    assert all(isinstance(one, Ambiguous) for one in lost)
    assert peer.connections == 2


async def test_those_that_wait_for_a_stream_outlive_a_silent_push(make: Make, tmp_path: Path) -> None:
    """With one stream and a server gone silent, the waiting pushes are answered once the dead one is given up."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if seen.number == 2 else (OK,)

    async with against(make, tmp_path, script, first_limit=1) as (peer, transport):
        await send(transport, 1)
        dead = asyncio.create_task(send(transport, 2, within=0.2))
        await peer.wait_for(2)
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(3, 8)))
        with pytest.raises(Ambiguous):
            await dead
    # httpx moves them to a new connection, pyqwest resets the dead stream and goes on.
    after = 1 if make.most_timeouts > 1 else 2
    assert [seen.connection for seen in peer.seen] == [1, 1, *[after] * 5]


async def test_a_deadline_before_the_push_left_is_not_sent(make: Make, tmp_path: Path) -> None:
    """Waiting for the first answer of another push counts as not sent."""
    async with against(make, tmp_path, lambda _seen: (Hang(),)) as (peer, transport):
        first = asyncio.create_task(send(transport, 1, within=0.5))
        await peer.wait_for(1)
        with pytest.raises(NotSent) as late:
            await send(transport, 2, within=0.05)
        with pytest.raises(Ambiguous):
            await first
    assert late.value.cause is NotSentCause.DEADLINE
    assert len(peer.seen) == 1


async def test_a_start_that_waited_for_a_stream_is_not_sent(make: Make, tmp_path: Path) -> None:
    """With the only stream taken, starts end as not sent at their deadline, and so may be tried again at once."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (OK,) if seen.number == 1 else (Reply(after=held),)

    async with against(make, tmp_path, script, first_limit=1) as (peer, transport):
        await send(transport, 0)
        slow = asyncio.create_task(send(transport, 1, once=True))
        await peer.wait_for(2)
        late = (send(transport, number, within=0.1, once=True) for number in range(2, 4))
        results = await asyncio.gather(*late, return_exceptions=True)
        held.set()
        assert (await slow).status == 200
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.DEADLINE for one in results)
    assert len(peer.seen) == 2


async def test_a_large_payload_waits_for_the_servers_window(make: Make, tmp_path: Path) -> None:
    """Four kilobytes from two hundred pushes at once pass through a window of 64 KB."""
    body = b'{"aps":{"content-state":{"note":"' + b"n" * 3_900 + b'"}}}'
    async with against(make, tmp_path, all_well) as (peer, transport):
        sends = (send(transport, number, body=body) for number in range(200))
        answers = await asyncio.gather(*sends)
    assert {answer.status for answer in answers} == {200}
    assert all(seen.body == body for seen in peer.seen)


async def test_who_is_sent_away_from_a_connection_leaves_nothing_for_the_collector() -> None:
    """Whoever waits for a stream of a connection that is retired: hundreds do, whenever APNs falls silent."""
    slots = StreamSlots()
    await slots.acquire()

    async def wait() -> weakref.ref[SupersededError]:
        try:
            await slots.acquire()
        except SupersededError as error:
            return weakref.ref(error)
        raise AssertionError("a stream was given")

    gc.disable()
    try:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        slots.close()
        assert (await waiting)() is None
    finally:
        gc.enable()
