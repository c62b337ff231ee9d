"""Send pushes from a network of one's own, where a name means what the test says: what the tests of DNS run.

unshare --net --mount python -m tests.integration.named_network ENGINE SITUATION FOLDER

Within it: a DNS server on 127.0.0.1, which the system's resolver asks; addresses that swallow what is sent to them; and
a scripted APNs on 127.0.0.1 that is called `apns.test`. What became of each push is printed as JSON.
"""

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from app.apns.answer import Answer
from app.apns.engine_transport import EngineTransport
from app.apns.errors import NotSent
from tests.integration.engines import MAKES, Make, outcomes, transport_to
from tests.integration.scripted_apns import ScriptedApns, scripted_apns

NAME: Final = "apns.test"
ALIVE: Final = "127.0.0.1"
DEAD, DEAD_6 = "203.0.113.77", "2001:db8::77"
"""In the blocks for documentation; here they lie behind a line that nobody listens to."""
_COMMANDS: Final = (
    "ip link set lo up",
    "ip link add void type veth peer name depth",
    "ip link set void arp off",
    "ip link set void up",
    "ip link set depth up",
    "ip address add 203.0.113.1/24 dev void",
    "ip address add 2001:db8::1/64 dev void nodad",
)
_FILES: Final = {
    # the resolver gives up after a second
    "/etc/resolv.conf": f"nameserver {ALIVE}\noptions timeout:1 attempts:1\n",
    # the dead address comes before the living one, whatever else the rules of the order say
    "/etc/gai.conf": f"precedence ::ffff:{DEAD}/128 100\nprecedence ::/0 40\nprecedence ::ffff:0:0/96 10\n",
}
_A, _AAAA = 1, 28
_FAMILIES: Final = {_A: socket.AF_INET, _AAAA: socket.AF_INET6}


class NameServer(asyncio.DatagramProtocol):
    """Answers questions for addresses, after a while or never.

    Args:
        addresses: Of every name that is asked for.
        after_seconds: How late; None for never.
    """

    def __init__(self, addresses: Sequence[str], after_seconds: float | None = 0.0) -> None:
        self.addresses = addresses
        self.after_seconds = after_seconds
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    async def listen(self) -> None:
        """Begin."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(ALIVE, 53)
        )

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer a question."""
        self.asked += 1
        if self.after_seconds is not None and self._transport is not None:
            answer = self._answer(data)
            asyncio.get_running_loop().call_later(self.after_seconds, self._transport.sendto, answer, addr)

    def _answer(self, question: bytes) -> bytes:
        end = question.index(b"\0", 12) + 5
        family = _FAMILIES.get(struct.unpack("!H", question[end - 4 : end - 2])[0])
        fitting = [each for each in self.addresses if (socket.AF_INET6 if ":" in each else socket.AF_INET) == family]
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, _AAAA if ":" in each else _A, 1, 0, len(packed)) + packed
            for each in fitting
            for packed in (socket.inet_pton(socket.AF_INET6 if ":" in each else socket.AF_INET, each),)
        )
        return question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(fitting), 0, 0) + question[12:end] + records


Situation = Callable[[Make, ScriptedApns, NameServer], Awaitable[list[Answer | BaseException]]]


def _to(make: Make, peer: ScriptedApns, *, connect_timeout: float = 10.0) -> EngineTransport:
    return transport_to(make, f"https://{NAME}:{peer.port}", peer.ca_file, connect_timeout=connect_timeout)


async def dead_ipv6(make: Make, peer: ScriptedApns, names: NameServer) -> list[Answer | BaseException]:
    """Two addresses, and that of the newer protocol leads nowhere."""
    return await _first_of_two(make, peer, names, DEAD_6)


async def dead_first(make: Make, peer: ScriptedApns, names: NameServer) -> list[Answer | BaseException]:
    """Two addresses of the older protocol, and the first leads nowhere."""
    return await _first_of_two(make, peer, names, DEAD)


async def _first_of_two(make: Make, peer: ScriptedApns, names: NameServer, dead: str) -> list[Answer | BaseException]:
    names.addresses = (dead, ALIVE)
    found = await asyncio.get_running_loop().getaddrinfo(NAME, peer.port, type=socket.SOCK_STREAM)
    assert [each[4][0] for each in found] == [dead, ALIVE]
    transport = _to(make, peer, connect_timeout=2.0)
    try:
        return await outcomes(transport, range(3))
    finally:
        await transport.close()


async def all_dead(make: Make, peer: ScriptedApns, names: NameServer) -> list[Answer | BaseException]:
    """No address leads anywhere."""
    names.addresses = (DEAD, DEAD_6)
    transport = _to(make, peer, connect_timeout=0.3)
    try:
        return await outcomes(transport, range(3))
    finally:
        await transport.close()


async def slow(make: Make, peer: ScriptedApns, names: NameServer) -> list[Answer | BaseException]:
    """The answer is late, but comes in time."""
    names.after_seconds = 0.5
    transport = _to(make, peer)
    try:
        return await outcomes(transport, range(3))
    finally:
        await transport.close()


async def silent(make: Make, peer: ScriptedApns, names: NameServer) -> list[Answer | BaseException]:
    """No answer: first the connection's time ends, then a push's own, then the resolver's; then names are found."""
    names.after_seconds = None
    hasty, patient = _to(make, peer, connect_timeout=0.2), _to(make, peer)
    try:
        results = await outcomes(hasty, range(3))
        results += await outcomes(patient, range(3, 6), within=0.2)
        results += await outcomes(patient, range(6, 7))
        assert names.asked > 0
        names.after_seconds = 0.0
        for number in (9, 10):
            results += await outcomes(hasty if number == 9 else patient, range(number, number + 1))
        return results
    finally:
        await hasty.close()
        await patient.close()


SITUATIONS: Final[Mapping[str, Situation]] = {
    each.__name__: each for each in (dead_ipv6, dead_first, all_dead, slow, silent)
}


def told(outcome: Answer | BaseException) -> str:
    """Give a status, the cause for which a push did not leave, or what else came."""
    match outcome:
        case Answer():
            return str(outcome.status)
        case NotSent():
            return outcome.cause.value
        case _:
            return repr(outcome)


def _make_network(folder: Path) -> None:
    mounts: list[str] = []
    for path, text in _FILES.items():
        ours = folder / Path(path).name
        ours.write_text(text)
        mounts.append(f"mount --bind {ours} {path}")
    for command in (*_COMMANDS, *mounts):
        subprocess.run(command.split(), check=True)  # noqa: S603 - our own commands


async def _run(engine: str, situation: str, folder: Path) -> list[str]:
    [make] = [each for each in MAKES if each.name == engine]
    names = NameServer((ALIVE,))
    await names.listen()
    async with scripted_apns(folder, name=NAME) as peer:
        results = await SITUATIONS[situation](make, peer, names)
        await peer.wait_until_left()
        came = {seen.headers[":path"] for seen in peer.seen}
    # what did not leave has not come, and what was answered has
    assert len(came) == sum(isinstance(each, Answer) for each in results)
    return [told(each) for each in results]


if __name__ == "__main__":
    _make_network(Path(sys.argv[3]))
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
    sys.stdout.buffer.flush()
    # A thread of the Rust engine that lets go of a connection while the interpreter ends is ended by it, which aborts
    # the process; by then everything has been said.
    os._exit(0)
