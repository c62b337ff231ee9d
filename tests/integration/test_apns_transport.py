"""The httpx engine against a peer that misbehaves."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import h2.errors
import pytest

from app.apns import payload
from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.httpx_engine import HttpxSettings, HttpxTransport
from app.apns.request import ApnsRequest, Environment, build
from tests.integration.scripted_apns import (
    OK,
    Action,
    Cut,
    GoAway,
    Hang,
    HeadersThenCut,
    Limit,
    Reply,
    Reset,
    ScriptedApns,
    Seen,
    scripted_apns,
)

Script = Callable[[Seen], tuple[Action, ...]]
PATIENT = 20.0


def a_push(number: int = 1) -> ApnsRequest:
    """Build an update that differs from others by its number."""
    return build(
        environment=Environment.SANDBOX,
        app="com.example.shop",
        token=f"{number:0160x}",
        apns_id=UUID(int=number),
        priority=5,
        expiration=1_800_000_600,
        payload=payload.update(timestamp=1_800_000_000, content_state=b'{"status":"ready"}'),
    )


async def send(transport: HttpxTransport, number: int = 1, within: float = PATIENT) -> Answer:
    """Send the push of that number."""
    return await transport.send(a_push(number), bearer="a.provider.token", deadline_seconds=within)


async def outcomes(transport: HttpxTransport, numbers: range) -> list[Answer | BaseException]:
    """Send many at once and give what became of each."""
    return await asyncio.gather(*(send(transport, number) for number in numbers), return_exceptions=True)


@asynccontextmanager
async def sending_to(peer: ScriptedApns, *, max_in_flight: int = 500) -> AsyncIterator[HttpxTransport]:
    """Give a transport that trusts the peer alone."""
    transport = HttpxTransport(
        HttpxSettings(
            base_urls={Environment.SANDBOX: peer.url},
            ca_file=peer.ca_file,
            max_in_flight=max_in_flight,
            reconnect_pause_seconds=0.0,
        )
    )
    try:
        yield transport
    finally:
        await transport.close()


@asynccontextmanager
async def against(
    folder: Path, script: Script, *, first_limit: int | None = 100, max_in_flight: int = 500
) -> AsyncIterator[tuple[ScriptedApns, HttpxTransport]]:
    """Give a peer that follows the script and a transport to it."""
    async with (
        scripted_apns(folder, script, first_limit=first_limit) as peer,
        sending_to(peer, max_in_flight=max_in_flight) as transport,
    ):
        yield peer, transport


def all_well(_seen: Seen) -> tuple[Action, ...]:
    """Answer 200."""
    return (OK,)


async def test_a_push_arrives_as_apple_documents_it(tmp_path: Path) -> None:
    """Method, path, topic, type, priority, expiration, id, token and body are those of the request."""
    async with against(tmp_path, all_well) as (peer, transport):
        answer = await send(transport, 7)
    push = a_push(7)
    assert answer == Answer(200, apns_id=str(UUID(int=7)))
    assert peer.seen[0].body == push.payload
    assert peer.seen[0].headers == {
        ":method": "POST",
        ":scheme": "https",
        ":authority": f"localhost:{peer.port}",
        ":path": f"/3/device/{push.token}",
        "authorization": "bearer a.provider.token",
        "apns-push-type": "liveactivity",
        "apns-topic": "com.example.shop.push-type.liveactivity",
        "apns-priority": "5",
        "apns-expiration": "1800000600",
        "apns-id": str(UUID(int=7)),
        "content-length": str(len(push.payload)),
    }


async def test_one_push_goes_alone_until_it_was_answered(tmp_path: Path) -> None:
    """A cold burst of sixty waits for the first answer and shares one connection."""
    first_answer = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reply(after=first_answer),) if seen.number == 1 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        burst = asyncio.create_task(outcomes(transport, range(60)))
        await peer.wait_for(1)
        alone = len(peer.seen)
        first_answer.set()
        assert all(isinstance(one, Answer) for one in await burst)
    assert (alone, peer.connections, len(peer.seen)) == (1, 1, 60)


async def test_a_limit_of_one_until_the_first_answer_is_kept(tmp_path: Path) -> None:
    """The server's raise of its limit is taken up, and never passed."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (OK, Limit(10)) if seen.number == 1 else (OK,)

    async with against(tmp_path, script, first_limit=1) as (peer, transport):
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(60)))
    assert peer.most_open_streams <= 10


async def test_a_server_that_names_no_limit_gets_many_streams(tmp_path: Path) -> None:
    """Without SETTINGS_MAX_CONCURRENT_STREAMS the pushes still run side by side."""
    together = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 21:
            together.set()
        return (OK,) if seen.number == 1 else (Reply(after=together),)

    async with against(tmp_path, script, first_limit=None) as (peer, transport):
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(21)))
    assert peer.most_open_streams >= 20


async def test_a_limit_lowered_in_flight_hangs_nobody(tmp_path: Path) -> None:
    """A rejection cuts the limit to one with ninety in flight; all are answered, on one connection."""
    lowered = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 91:
            lowered.set()
            return (Reply(400, b'{"reason":"BadDeviceToken"}'), Limit(1))
        return (Reply(after=lowered),) if 1 < seen.number < 91 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        answers = await outcomes(transport, range(200))
    assert all(isinstance(one, Answer) for one in answers)
    assert (peer.connections, len(peer.seen)) == (1, 200)


async def test_a_refused_stream_was_not_sent_and_leaves_the_connection(tmp_path: Path) -> None:
    """REFUSED_STREAM proves that nothing was processed; the connection goes on."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reset(h2.errors.ErrorCodes.REFUSED_STREAM),) if seen.number == 2 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        await send(transport, 1)
        with pytest.raises(NotSent) as refused:
            await send(transport, 2)
        await send(transport, 3)
    assert refused.value.cause is NotSentCause.REFUSED_STREAM
    assert peer.connections == 1


@pytest.mark.parametrize("code", [h2.errors.ErrorCodes.INTERNAL_ERROR, h2.errors.ErrorCodes.CANCEL])
async def test_another_reset_is_ambiguous(tmp_path: Path, code: h2.errors.ErrorCodes) -> None:
    """A reset that does not say *refused* may come after the push was processed."""
    async with against(tmp_path, lambda _seen: (Reset(code),)) as (_peer, transport):
        with pytest.raises(Ambiguous):
            await send(transport)


async def test_a_goaway_before_every_stream_was_not_sent(tmp_path: Path) -> None:
    """Last stream 0 proves that nothing was processed; the reason in its data is told."""
    goaway = GoAway(0, b'{"reason":"InvalidProviderToken"}')
    async with against(tmp_path, lambda _seen: (goaway,)) as (peer, transport):
        results = await outcomes(transport, range(1))
    assert isinstance(results[0], NotSent)
    assert results[0].goaway_reason == "InvalidProviderToken"
    assert peer.connections == 1


async def test_a_connection_closed_while_idle_costs_nothing(tmp_path: Path) -> None:
    """After a GOAWAY between two pushes the next one goes over a new connection and is answered."""
    async with against(tmp_path, lambda _seen: (OK, GoAway())) as (peer, transport):
        assert (await send(transport, 1)).status == 200
        assert (await send(transport, 2)).status == 200
    assert peer.connections == 2


async def test_a_goaway_tells_the_covered_from_the_rest(tmp_path: Path) -> None:
    """Streams above the last one were not sent, those up to it are ambiguous, the next push goes elsewhere."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.connection == 1 and seen.number == 11:
            return (GoAway(last_stream=11),)
        return (Reply(after=held),) if 1 < seen.number < 11 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        await send(transport, 0)
        results = await outcomes(transport, range(1, 11))
        await send(transport, 99)
    covered = {seen.headers["apns-id"] for seen in peer.seen if seen.stream <= 11}
    for number, result in zip(range(1, 11), results, strict=True):
        assert isinstance(result, Ambiguous if str(UUID(int=number)) in covered else NotSent)
    assert {type(result) for result in results} == {Ambiguous, NotSent}
    assert peer.connections == 2


async def test_a_cut_after_the_push_arrived_is_ambiguous(tmp_path: Path) -> None:
    """Nothing is sent twice when the connection breaks, and the next push gets a new one."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Cut(),) if seen.number == 2 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        await send(transport, 1)
        with pytest.raises(Ambiguous):
            await send(transport, 2)
        await send(transport, 3)
    assert len(peer.seen) == 3
    assert peer.connections == 2


@pytest.mark.parametrize(("status", "expected"), [(200, Answer), (400, Ambiguous)])
async def test_a_cut_after_the_status_keeps_an_acceptance(tmp_path: Path, status: int, expected: type[object]) -> None:
    """A 200 has no body to lose; of a refusal the reason is missing."""
    async with against(tmp_path, lambda _seen: (HeadersThenCut(status),)) as (_peer, transport):
        results = await outcomes(transport, range(1))
    assert isinstance(results[0], expected)


async def test_a_silent_server_costs_a_deadline_and_a_connection(tmp_path: Path) -> None:
    """The push that was not answered is ambiguous; the next one goes over a new connection and its neighbours live."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        if seen.number == 2:
            return (Reply(after=held),)
        return (Hang(),) if seen.number == 3 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        await send(transport, 1)
        neighbour = asyncio.create_task(send(transport, 2))
        await peer.wait_for(2)
        with pytest.raises(Ambiguous):
            await send(transport, 3, within=0.1)
        await send(transport, 4)
        held.set()
        assert (await neighbour).status == 200
    assert [seen.connection for seen in peer.seen] == [1, 1, 1, 2]


async def test_those_that_wait_for_a_stream_leave_a_dead_connection(tmp_path: Path) -> None:
    """With one stream and a server gone silent, the waiting pushes move to the next connection."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if seen.number == 2 else (OK,)

    async with against(tmp_path, script, first_limit=1) as (peer, transport):
        await send(transport, 1)
        dead = asyncio.create_task(send(transport, 2, within=0.2))
        await peer.wait_for(2)
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(3, 8)))
        with pytest.raises(Ambiguous):
            await dead
    assert [seen.connection for seen in peer.seen] == [1, 1, 2, 2, 2, 2, 2]


async def test_a_deadline_before_the_push_left_is_not_sent(tmp_path: Path) -> None:
    """Waiting for the first answer of another push counts as not sent."""
    async with against(tmp_path, lambda _seen: (Hang(),)) as (peer, transport):
        first = asyncio.create_task(send(transport, 1, within=0.5))
        await peer.wait_for(1)
        with pytest.raises(NotSent) as late:
            await send(transport, 2, within=0.05)
        with pytest.raises(Ambiguous):
            await first
    assert late.value.cause is NotSentCause.DEADLINE
    assert len(peer.seen) == 1


async def test_cancelled_pushes_leave_the_sender_usable(tmp_path: Path) -> None:
    """Forty are cancelled in flight, then ninety more are answered and no permit is lost."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Hang(),) if 1 < seen.number <= 41 else (OK,)

    async with against(tmp_path, script, max_in_flight=100) as (peer, transport):
        await send(transport, 0)
        doomed = [asyncio.create_task(send(transport, number)) for number in range(1, 41)]
        await peer.wait_for(41)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        assert all(isinstance(one, Answer) for one in await outcomes(transport, range(41, 131)))
        assert transport.free_permits == 100


async def test_permits_bound_what_is_in_flight(tmp_path: Path) -> None:
    """No more pushes are open than there are permits, and the property counts them."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (OK,) if seen.number == 1 else (Reply(after=held),)

    async with against(tmp_path, script, max_in_flight=5) as (peer, transport):
        await send(transport, 0)
        many = asyncio.create_task(outcomes(transport, range(1, 21)))
        await peer.wait_for(6)
        assert transport.free_permits == 0
        held.set()
        await many
        assert (transport.free_permits, peer.most_open_streams) == (5, 5)


async def test_nobody_listening_is_not_sent(tmp_path: Path) -> None:
    """A refused connection proves that nothing left, for all that waited for it."""
    async with scripted_apns(tmp_path) as peer:
        pass
    async with sending_to(peer) as transport:
        results = await outcomes(transport, range(5))
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.CONNECT for one in results)


async def test_an_unknown_name_is_not_sent(tmp_path: Path) -> None:
    """A name that cannot be looked up is told apart."""
    async with scripted_apns(tmp_path) as peer:
        settings = HttpxSettings(base_urls={Environment.SANDBOX: "https://apns.invalid"}, ca_file=peer.ca_file)
        transport = HttpxTransport(settings)
        with pytest.raises(NotSent) as unknown:
            await send(transport)
        await transport.close()
    assert unknown.value.cause is NotSentCause.DNS


async def test_a_wrong_certificate_is_not_sent_and_named(tmp_path: Path) -> None:
    """Another name, or a certificate nobody vouched for, is a TLS failure."""
    async with scripted_apns(tmp_path, name="elsewhere.example") as peer, sending_to(peer) as transport:
        with pytest.raises(NotSent) as wrong_name:
            await send(transport)
    async with scripted_apns(tmp_path) as peer:
        transport = HttpxTransport(HttpxSettings(base_urls={Environment.SANDBOX: peer.url}))
        with pytest.raises(NotSent) as unknown_authority:
            await send(transport)
        await transport.close()
    assert wrong_name.value.cause is NotSentCause.TLS
    assert unknown_authority.value.cause is NotSentCause.TLS
    assert peer.seen == []


async def test_a_failed_connection_is_not_tried_again_at_once(tmp_path: Path) -> None:
    """Within the pause pushes fail with the same cause, without knocking again."""
    async with scripted_apns(tmp_path, name="elsewhere.example") as peer:
        transport = HttpxTransport(
            HttpxSettings(base_urls={Environment.SANDBOX: peer.url}, ca_file=peer.ca_file, reconnect_pause_seconds=60.0)
        )
        results = await outcomes(transport, range(5))
        again = await outcomes(transport, range(5))
        await transport.close()
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.TLS for one in [*results, *again])
    assert peer.connections == 0


async def test_a_new_generation_takes_over_while_the_old_one_drains(tmp_path: Path) -> None:
    """After `renew` new pushes use a new connection and the old one still answers."""
    held = asyncio.Event()

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Reply(after=held),) if seen.number == 2 else (OK,)

    async with against(tmp_path, script) as (peer, transport):
        await send(transport, 1)
        old = asyncio.create_task(send(transport, 2))
        await peer.wait_for(2)
        transport.renew(Environment.SANDBOX)
        await send(transport, 3)
        held.set()
        assert (await old).status == 200
    assert [seen.connection for seen in peer.seen] == [1, 1, 2]


async def test_close_lets_what_is_in_flight_finish(tmp_path: Path) -> None:
    """A push under way is answered, a new one is refused as not sent."""
    held = asyncio.Event()
    async with against(tmp_path, lambda _seen: (Reply(after=held),)) as (peer, transport):
        under_way = asyncio.create_task(send(transport, 1))
        await peer.wait_for(1)
        closing = asyncio.create_task(transport.close())
        await asyncio.sleep(0)
        with pytest.raises(NotSent):
            await send(transport, 2)
        held.set()
        assert (await under_way).status == 200
        await closing


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"x" * 1_000_000, b'{"reason":"Novel"}'])
async def test_any_body_is_an_answer(tmp_path: Path, body: bytes) -> None:
    """Empty, HTML, a megabyte or an unknown reason: the status is told, and the connection goes on."""
    async with against(tmp_path, lambda _seen: (Reply(503, body),)) as (peer, transport):
        assert (await send(transport, 1)).status == 503
        assert (await send(transport, 2)).status == 503
    assert peer.connections == 1


async def test_a_large_payload_waits_for_the_servers_window(tmp_path: Path) -> None:
    """Four kilobytes from a hundred pushes at once pass through a window of 64 KB."""
    async with against(tmp_path, all_well) as (peer, transport):
        request = a_push()
        state = b'{"note":"' + b"n" * 3_900 + b'"}'
        body = payload.update(timestamp=1_800_000_000, content_state=state)
        requests = [
            build(
                environment=request.environment,
                app=request.app,
                token=request.token,
                apns_id=UUID(int=number),
                priority=5,
                expiration=0,
                payload=body,
            )
            for number in range(200)
        ]
        sends = (transport.send(one, bearer="t", deadline_seconds=PATIENT) for one in requests)
        answers = await asyncio.gather(*sends)
    assert {answer.status for answer in answers} == {200}
    assert all(seen.body == body for seen in peer.seen)


async def test_nothing_is_logged_about_a_push(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the device token nor the provider token reaches a log, at any level."""
    caplog.set_level(logging.DEBUG)
    async with against(tmp_path, all_well) as (_peer, transport):
        await send(transport)
    assert a_push().token not in caplog.text
    assert "a.provider.token" not in caplog.text


async def test_connections_and_permits_are_not_leaked(tmp_path: Path) -> None:
    """After a run with failures and a close, no connection and no permit is held."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Cut(),) if seen.number % 10 == 0 else (OK,)

    async with scripted_apns(tmp_path, script) as peer:
        async with sending_to(peer) as transport:
            for first in range(0, 100, 20):
                await outcomes(transport, range(first, first + 20))
            assert transport.free_permits == 500
        await peer.wait_until_left()
    assert peer.connections >= 5
