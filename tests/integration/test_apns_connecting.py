"""Connections that do not come about: nothing can have left."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.apns.errors import Ambiguous, NotSent, NotSentCause
from app.apns.request import Environment
from app.apns.transports import Unreachable
from app.simulator.faults import Fault
from app.simulator.simulator import Simulator
from tests.integration.engines import CREDENTIAL, Make, outcomes, send, sending_to, transport_to
from tests.integration.scripted_apns import OK, Action, Cut, Seen, scripted_apns
from tests.integration.simulated import PROVIDER


@asynccontextmanager
async def a_server_that_says_nothing() -> AsyncIterator[str]:
    """Give the address of one that accepts connections and never answers the TLS greeting."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"https://localhost:{listening.getsockname()[1]}"


async def test_nobody_listening_is_not_sent(make: Make, tmp_path: Path) -> None:
    """A refused connection proves that nothing left, for all that waited for it."""
    async with scripted_apns(tmp_path) as peer:
        pass
    async with sending_to(make, peer) as transport:
        results = await outcomes(transport, range(5))
        assert transport.free_permits == 500
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.CONNECT for one in results)


async def test_an_unknown_name_is_not_sent(make: Make, tmp_path: Path) -> None:
    """A name that cannot be looked up is told apart."""
    async with scripted_apns(tmp_path) as peer:
        transport = transport_to(make, "https://apns.invalid", peer.ca_file)
        with pytest.raises(NotSent) as unknown:
            await send(transport)
        await transport.close()
    assert unknown.value.cause is NotSentCause.DNS


async def test_a_stalled_greeting_is_not_sent(make: Make) -> None:
    """A server that accepts and says nothing is left when the time for connecting is over."""
    async with a_server_that_says_nothing() as url:
        transport = transport_to(make, url, None, connect_timeout=0.1)
        results = await outcomes(transport, range(3))
        await transport.close()
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.CONNECT for one in results)


async def test_a_deadline_while_connecting_is_not_sent(make: Make) -> None:
    """A push whose deadline passes before the connection stands did not leave."""
    async with a_server_that_says_nothing() as url:
        transport = transport_to(make, url, None)
        results = await outcomes(transport, range(3), within=0.1)
        await transport.close()
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.DEADLINE for one in results)


async def test_a_wrong_name_is_not_sent_and_named(make: Make, tmp_path: Path) -> None:
    """A certificate for another host is a failure of TLS."""
    async with (
        scripted_apns(tmp_path, name="elsewhere.example") as peer,
        sending_to(make, peer) as transport,
    ):
        with pytest.raises(NotSent) as wrong_name:
            await send(transport)
    assert wrong_name.value.cause is NotSentCause.TLS
    assert peer.seen == []


async def test_an_unknown_authority_is_not_sent_and_named(make: Make, tmp_path: Path) -> None:
    """A certificate nobody vouched for is a failure of TLS."""
    async with scripted_apns(tmp_path) as peer:
        transport = transport_to(make, peer.url, None)
        with pytest.raises(NotSent) as unknown_authority:
            await send(transport)
        await transport.close()
    assert unknown_authority.value.cause is NotSentCause.TLS
    assert peer.seen == []


async def test_another_authority_is_trusted_alone(make: Make, tmp_path: Path) -> None:
    """With a file of one's own, no certificate counts but those it vouches for."""
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    async with scripted_apns(tmp_path / "own") as own, scripted_apns(tmp_path / "other") as other:
        transport = transport_to(make, other.url, own.ca_file)
        with pytest.raises(NotSent) as unknown_authority:
            await send(transport)
        await transport.close()
    assert unknown_authority.value.cause is NotSentCause.TLS


async def test_a_failed_connection_is_not_tried_again_at_once(make: Make, tmp_path: Path) -> None:
    """Within the pause pushes fail with the same cause, without knocking again."""
    async with scripted_apns(tmp_path, name="elsewhere.example") as peer:
        transport = transport_to(make, peer.url, peer.ca_file, reconnect_pause=60.0)
        results = await outcomes(transport, range(5))
        again = await outcomes(transport, range(5))
        await transport.close()
    assert all(isinstance(one, NotSent) and one.cause is NotSentCause.TLS for one in [*results, *again])
    assert peer.connections == 0


async def test_where_no_connection_comes_about_is_told_until_one_does(make: Make, simulator: Simulator) -> None:
    """With what the last try met; whatever becomes of a push that found a connection, it is over."""
    transport = transport_to(make, simulator.sandbox_url, str(simulator.ca_file), reconnect_pause=60.0)
    told: list[Mapping[Environment, Unreachable]] = [transport.unreachable()]
    simulator.add_fault(Fault("connect:refused"))
    results = await outcomes(transport, range(3))
    told.append(transport.unreachable())
    await transport.close()
    assert all(isinstance(one, NotSent) for one in results)
    assert told[0] == {}
    assert list(told[1]) == [Environment.SANDBOX]
    [away] = told[1].values()
    assert away.why == str(results[0])
    assert away.again_at - away.failed_at == 60.0
    assert away.connected == frozenset()


@pytest.mark.parametrize("silent", [False, True], ids=["answered", "silent"])
async def test_a_connection_says_that_the_trouble_is_over(make: Make, simulator: Simulator, *, silent: bool) -> None:
    """Whatever becomes of the push that it was opened for."""
    transport = transport_to(make, simulator.sandbox_url, str(simulator.ca_file))
    simulator.add_fault(Fault("connect:refused"))
    with pytest.raises(NotSent):
        await send(transport)
    assert transport.unreachable()
    if silent:
        simulator.add_fault(Fault("never_answers"))
        with pytest.raises(Ambiguous):
            await send(transport, within=0.5)
    else:
        await send(transport)
    assert transport.unreachable() == {}
    await transport.close()


async def test_a_connection_from_before_goes_on(make: Make, simulator: Simulator) -> None:
    """While none comes about for another team, it is named as one that serves."""
    transport = transport_to(make, simulator.sandbox_url, str(simulator.ca_file), reconnect_pause=60.0)
    bearer = PROVIDER.token()
    await send(transport, bearer=bearer)
    # not through the simulator, which would send away who is connected
    simulator.faults.add(Fault("connect:refused", times=None))
    with pytest.raises(NotSent):
        await send(transport, credential="TEAM654321/KEY7654321", bearer=bearer)
    [away] = transport.unreachable().values()
    await send(transport, bearer=bearer)
    await transport.close()
    assert away.connected == {CREDENTIAL}


async def test_a_server_that_comes_back_is_found(make: Make, tmp_path: Path) -> None:
    """After refused connections the same transport sends again."""
    async with scripted_apns(tmp_path) as peer:
        pass
    transport = transport_to(make, peer.url, peer.ca_file)
    with pytest.raises(NotSent):
        await send(transport, 1)
    async with scripted_apns(tmp_path, port=peer.port) as back:
        # it has a new authority: the file is read when an engine is made
        second = transport_to(make, back.url, back.ca_file)
        assert (await send(second, 2)).status == 200
        with pytest.raises(NotSent) as refused:
            await send(transport, 3)
        await second.close()
        await transport.close()
    assert refused.value.cause is NotSentCause.TLS


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_proxy_of_the_environment_is_not_used(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Pushes go straight to APNs, by name or address, whatever a shell has set."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with scripted_apns(tmp_path) as peer:
        transport = transport_to(make, f"https://{host}:{peer.port}", peer.ca_file)
        assert (await send(transport)).status == 200
        await transport.close()


async def test_connections_and_permits_are_not_leaked(make: Make, tmp_path: Path) -> None:
    """After a run with failures and a close, no connection and no permit is held."""

    def script(seen: Seen) -> tuple[Action, ...]:
        return (Cut(),) if seen.number % 10 == 0 else (OK,)

    async with scripted_apns(tmp_path, script) as peer:
        async with sending_to(make, peer) as transport:
            for first in range(0, 100, 20):
                await outcomes(transport, range(first, first + 20))
            assert transport.free_permits == 500
        await peer.wait_until_left()
    assert peer.connections >= 5
