"""How a push ends when APNs does not just answer: resets, GOAWAY, cut connections."""

import asyncio
from pathlib import Path
from uuid import UUID

import h2.errors
import pytest

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.request import Environment
from tests.integration.engines import CREDENTIAL, Make, a_push, against, outcomes, send, sending_to
from tests.integration.scripted_apns import (
    OK,
    Action,
    Cut,
    GoAway,
    HeadersThenCut,
    Leave,
    Reply,
    Reset,
    Seen,
    scripted_apns,
)


async def test_a_refused_stream_was_not_sent_and_leaves_the_connection(make: Make, tmp_path: Path) -> None:
    """REFUSED_STREAM proves that nothing was processed; the connection goes on.

    The Rust engine tries such a push twice more by itself.
    """

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reset(h2.errors.ErrorCodes.REFUSED_STREAM),) if 1 < seen.number <= 1 + make.tries else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 1)
        with pytest.raises(NotSent) as refused:
            await send(transport, 2)
        await send(transport, 3)
    assert refused.value.cause is NotSentCause.REFUSED_STREAM
    assert (peer.connections, len(peer.seen)) == (1, 2 + make.tries)


@pytest.mark.parametrize(
    "code",
    [
        h2.errors.ErrorCodes.INTERNAL_ERROR,
        h2.errors.ErrorCodes.CANCEL,
        h2.errors.ErrorCodes.NO_ERROR,
        h2.errors.ErrorCodes.ENHANCE_YOUR_CALM,
    ],
)
async def test_another_reset_is_ambiguous(make: Make, tmp_path: Path, code: h2.errors.ErrorCodes) -> None:
    """A reset that does not say *refused* may come after the push was processed; it is sent once."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reset(code),) if seen.number == 2 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 1)
        with pytest.raises(Ambiguous):
            await send(transport, 2)
        await send(transport, 3)
    assert (peer.connections, len(peer.seen)) == (1, 3)


async def test_a_goaway_before_every_stream_was_not_sent(make: Make, tmp_path: Path) -> None:
    """Last stream 0 proves that nothing was processed; the reason is told, after three connections at most."""
    goaway = GoAway(0, b'{"reason":"InvalidProviderToken"}')
    async with against(make, tmp_path, lambda _seen: (goaway,)) as (peer, transport):
        results = await outcomes(transport, range(1))
    assert isinstance(results[0], NotSent)
    assert results[0].cause is NotSentCause.GOAWAY
    assert results[0].goaway_reason == "InvalidProviderToken"
    assert peer.connections <= 3


async def test_a_refused_credential_costs_few_connections(make: Make, tmp_path: Path) -> None:
    """A GOAWAY with a reason and fifty in flight: none is answered, none is kept, and the next push tells the reason.

    The Rust engine may see its own writes fail before it reads the GOAWAY: those fifty are ambiguous then. It
    also tries by itself what was refused, for each push twice: three connections mostly, four at times.
    """
    refused = GoAway(0, b'{"reason":"ExpiredProviderToken"}')
    together = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 51:
            together.set()
        if seen.number == 1:
            return (OK,)
        return (Reply(after=together),) if seen.number < 51 else (refused,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 0)
        results = await outcomes(transport, range(1, 51))
        after_the_burst = peer.connections
        (late,) = await outcomes(transport, range(99, 100))
        assert transport.free_permits == 500
    ended = NotSent | Ambiguous if make.moves_on else NotSent
    assert all(isinstance(one, ended) for one in results)
    assert isinstance(late, NotSent)
    assert late.goaway_reason == "ExpiredProviderToken"
    assert after_the_burst <= (6 if make.moves_on else 1)


async def test_a_connection_closed_while_idle_costs_nothing(make: Make, tmp_path: Path) -> None:
    """After a GOAWAY between two pushes the next one goes over a new connection and is answered."""
    async with against(make, tmp_path, lambda _seen: (OK, GoAway())) as (peer, transport):
        assert (await send(transport, 1)).status == 200
        assert (await send(transport, 2)).status == 200
    assert peer.connections == 2


async def test_a_goaway_tells_the_covered_from_the_rest(make: Make, tmp_path: Path) -> None:
    """Streams above the last one were not processed, those up to it are ambiguous when the connection ends with it.

    The Rust engine sends those above again by itself.
    """
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.connection == 1 and seen.number == 11:
            return (GoAway(last_stream=11),)
        return (Reply(after=held),) if 1 < seen.number < 11 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 0)
        results = await outcomes(transport, range(1, 11))
        await send(transport, 99)
    covered = {seen.headers["apns-id"] for seen in peer.seen if seen.connection == 1 and seen.stream <= 11}
    rest = Answer if make.moves_on else NotSent
    for number, result in zip(range(1, 11), results, strict=True):
        assert isinstance(result, Ambiguous if str(UUID(int=number)) in covered else rest)
    assert {type(result) for result in results} == {Ambiguous, rest}


async def test_a_graceful_goaway_in_the_middle(make: Make, tmp_path: Path) -> None:
    """The server leaves after thirty pushes, answers those it took later, and nothing is processed twice.

    The Rust engine has every push processed exactly once; with httpx those that the server did not take were not sent.
    """
    later = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.connection == 1 and seen.number == 31:
            return (Reply(after=later), Leave())
        return (Reply(after=later),) if seen.connection == 1 and seen.number > 1 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 0)
        many = asyncio.create_task(outcomes(transport, range(1, 61)))
        await peer.wait_for(31)
        (late,) = await outcomes(transport, range(99, 100))
        later.set()
        results = await many
    processed = [seen.headers["apns-id"] for seen in peer.seen]
    assert len(processed) == len(set(processed))
    if make.moves_on:
        assert all(isinstance(one, Answer) and one.status == 200 for one in [*results, late])
        assert len(processed) == 62
    else:
        for number, one in zip(range(1, 61), results, strict=True):
            assert isinstance(one, Answer if str(UUID(int=number)) in processed else NotSent)
        assert isinstance(late, Answer | NotSent)
    assert peer.connections <= 2


async def test_starts_that_waited_for_a_stream_were_not_sent(make: Make, tmp_path: Path) -> None:
    """One stream is allowed, and the server leaves: those behind it are known not to have left, so none is given up."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (OK, Leave()) if seen.connection == 1 and seen.number == 2 else (OK,)

    async with against(make, tmp_path, script, first_limit=1) as (peer, transport):
        await send(transport, 0)
        starts = (send(transport, number, once=True) for number in range(1, 21))
        results = await asyncio.gather(*starts, return_exceptions=True)
    processed = {seen.headers["apns-id"] for seen in peer.seen}
    for number, result in zip(range(1, 21), results, strict=True):
        assert isinstance(result, Answer if str(UUID(int=number)) in processed else NotSent)


async def test_a_cut_after_the_push_arrived_is_ambiguous(make: Make, tmp_path: Path) -> None:
    """Nothing is sent twice when the connection breaks, and the next push gets a new one."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Cut(),) if seen.number == 2 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 1)
        with pytest.raises(Ambiguous):
            await send(transport, 2)
        await send(transport, 3)
    assert (peer.connections, len(peer.seen)) == (2, 3)


async def test_a_cut_with_many_in_flight_repeats_none(make: Make, tmp_path: Path) -> None:
    """Fifty were processed when the connection breaks: each is ambiguous, and none is sent again."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 51:
            return (Cut(),)
        return (Reply(after=held),) if seen.number > 1 else (OK,)

    async with against(make, tmp_path, script) as (peer, transport):
        await send(transport, 0)
        results = await outcomes(transport, range(1, 51))
    assert all(isinstance(one, Ambiguous) for one in results)
    assert len(peer.seen) == 51


async def test_an_ending_tells_no_token(make: Make, tmp_path: Path) -> None:
    """What is said of a push that ended badly is kept in receipts: it names neither path nor provider token."""
    actions: list[Action] = [
        Cut(),
        Reset(h2.errors.ErrorCodes.INTERNAL_ERROR),
        GoAway(0, b'{"reason":"Shutdown"}'),
        HeadersThenCut(400),
    ]
    for action in actions:
        async with against(make, tmp_path, lambda _seen, action=action: (action,)) as (_peer, transport):  # type: ignore[misc]
            results = await outcomes(transport, range(1, 2))
        assert isinstance(results[0], NotSent | Ambiguous)
        chain: list[BaseException] = [results[0]]
        while (cause := chain[-1].__cause__) is not None:
            chain.append(cause)
        told = " ".join(str(one) for one in chain)
        assert a_push(1).token not in told
        assert "a.provider.token" not in told


@pytest.mark.parametrize(("status", "expected"), [(200, Answer), (400, Ambiguous)])
async def test_a_cut_after_the_status_keeps_an_acceptance(
    make: Make, tmp_path: Path, status: int, expected: type[object]
) -> None:
    """A 200 has no body to lose; of a refusal the reason is missing."""
    async with against(make, tmp_path, lambda _seen: (HeadersThenCut(status),)) as (_peer, transport):
        results = await outcomes(transport, range(1))
    assert isinstance(results[0], expected)


async def test_a_new_generation_takes_over_while_the_old_one_drains(make: Make, tmp_path: Path) -> None:
    """After `renew` new pushes use a new connection and the old one still answers."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reply(after=held),) if seen.number == 2 else (OK,)

    async with scripted_apns(tmp_path, script) as peer:
        async with sending_to(make, peer) as transport:
            await send(transport, 1)
            old = asyncio.create_task(send(transport, 2))
            await peer.wait_for(2)
            transport.renew(Environment.SANDBOX, CREDENTIAL)
            await send(transport, 3)
            held.set()
            assert (await old).status == 200
        await peer.wait_until_left()
    assert [seen.connection for seen in peer.seen] == [1, 1, 2]


@pytest.mark.parametrize("limits", [{"max_age": 0.0}, {"idle": 0.0}])
async def test_an_old_or_idle_connection_is_replaced(make: Make, tmp_path: Path, limits: dict[str, float]) -> None:
    """Each push finds the connection of the one before too old, or too long unused."""
    async with scripted_apns(tmp_path) as peer:
        async with sending_to(make, peer, **limits) as transport:  # type: ignore[arg-type]
            for number in range(3):
                await send(transport, number)
        await peer.wait_until_left()
    assert peer.connections == 3


async def test_close_lets_what_is_in_flight_finish(make: Make, tmp_path: Path) -> None:
    """A push under way is answered, a new one is refused as not sent."""
    held = asyncio.Event()
    async with against(make, tmp_path, lambda _seen: (Reply(after=held),)) as (peer, transport):
        under_way = asyncio.create_task(send(transport, 1))
        await peer.wait_for(1)
        closing = asyncio.create_task(transport.close())
        await asyncio.sleep(0)
        with pytest.raises(NotSent):
            await send(transport, 2)
        held.set()
        assert (await under_way).status == 200
        await closing
