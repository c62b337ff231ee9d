"""An HTTP/2 peer on a real socket that does to each push what a script says.

It checks nothing: it is there to misbehave on command.
"""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame


@dataclass(frozen=True)
class Seen:
    """A push as it arrived: `number` counts all pushes from 1, `connection` all connections from 1."""

    number: int
    connection: int
    stream: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """Answer, once `after` is set."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    after: asyncio.Event | None = None
    echo: bool = True


@dataclass(frozen=True)
class Reset:
    """Reset the stream."""

    code: h2.errors.ErrorCodes


@dataclass(frozen=True)
class GoAway:
    """Close the connection for what came after `last_stream`; `None` covers every stream."""

    last_stream: int | None = None
    data: bytes = b""


@dataclass(frozen=True)
class Leave:
    """Announce that streams after this one are not processed, answer those up to it, then close."""


@dataclass(frozen=True)
class Limit:
    """Allow so many streams from here on."""

    streams: int


@dataclass(frozen=True)
class Hang:
    """Never answer."""


@dataclass(frozen=True)
class Cut:
    """Close the connection without a word."""


@dataclass(frozen=True)
class HeadersThenCut:
    """Give the status, then close the connection without the body."""

    status: int = 200


Action = Reply | Reset | GoAway | Leave | Limit | Hang | Cut | HeadersThenCut
OK = Reply()


@dataclass
class ScriptedApns:
    """What the peer saw, and what it is to do."""

    script: Callable[[Seen], tuple[Action, ...]] = lambda _seen: (OK,)
    first_limit: int | None = 100
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    resets: int = 0
    open_streams: int = 0
    most_open_streams: int = 0
    port: int = 0
    ca_file: str = ""
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    serving: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Give the address to push to."""
        return f"https://localhost:{self.port}"

    async def wait_for(self, count: int) -> None:
        """Wait until so many pushes have arrived."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.seen) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one connection until either side closes."""
        self.connections += 1
        self.serving.add(writer)
        connection = _Connection(self, self.connections, writer)
        try:
            connection.begin()
            while data := await reader.read(65_536):
                await connection.receive(data)
        except (ConnectionError, ssl.SSLError, h2.exceptions.ProtocolError):
            pass  # the pushing side may cut whenever it likes
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.serving.discard(writer)
            async with self.arrived:
                self.arrived.notify_all()

    async def wait_until_left(self) -> None:
        """Wait until every connection is closed."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: not self.serving)


class _Connection:
    def __init__(self, peer: ScriptedApns, number: int, writer: asyncio.StreamWriter) -> None:
        self._peer = peer
        self._number = number
        self._writer = writer
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._headers: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytes] = {}
        self._unsent: dict[int, bytes] = {}
        self._unanswered: set[int] = set()
        self._last: int | None = None

    def begin(self) -> None:
        limit = self._peer.first_limit
        named = {} if limit is None else {SettingCodes.MAX_CONCURRENT_STREAMS: limit}
        # An assignment would wait for the other side's acknowledgement, and the old value would go out.
        self._h2.local_settings = Settings(client=False, initial_values=named)
        self._h2.initiate_connection()
        self._flush()

    async def receive(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self._headers[event.stream_id] = {str(k): str(v) for k, v in event.headers}
                self._bodies[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived):
                self._bodies[event.stream_id] += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                await self._push_arrived(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self._peer.resets += 1
                self._end(event.stream_id)
            elif isinstance(event, h2.events.WindowUpdated):
                self._send_bodies()
        self._flush()

    async def _push_arrived(self, stream: int) -> None:
        peer = self._peer
        if self._last is not None and stream > self._last:
            return
        seen = Seen(len(peer.seen) + 1, self._number, stream, self._headers.pop(stream), self._bodies.pop(stream))
        peer.seen.append(seen)
        peer.open_streams += 1
        self._unanswered.add(stream)
        peer.most_open_streams = max(peer.most_open_streams, peer.open_streams)
        async with peer.arrived:
            peer.arrived.notify_all()
        for action in peer.script(seen):
            self._act(action, seen)

    def _act(self, action: Action, seen: Seen) -> None:
        match action:
            case Reply(after=None):
                self._reply(action, seen)
            case Reply():
                task = asyncio.create_task(self._reply_later(action, seen))
                self._peer.tasks.add(task)
                task.add_done_callback(self._peer.tasks.discard)
            case Reset():
                self._h2.reset_stream(seen.stream, action.code)
                self._end(seen.stream)
            case GoAway():
                last = 2**31 - 1 if action.last_stream is None else action.last_stream
                self._h2.close_connection(last_stream_id=last, additional_data=action.data)
                self._flush()
                self._writer.close()
            case Leave():
                # h2 sends nothing more after a GOAWAY of its own; a server that leaves in good order does.
                self._flush()
                # one that began later may have been whole before
                self._last = max(each.stream for each in self._peer.seen if each.connection == self._number)
                self._writer.write(GoAwayFrame(0, last_stream_id=self._last).serialize())
            case Limit():
                self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: action.streams})
            case HeadersThenCut():
                self._h2.send_headers(seen.stream, [(":status", str(action.status))])
                self._flush()
                self._writer.close()
            case Cut():
                self._writer.close()
            case Hang():
                pass

    def _reply(self, reply: Reply, seen: Seen) -> None:
        echoed = [("apns-id", seen.headers["apns-id"])] if reply.echo else []
        headers = [(":status", str(reply.status)), *echoed, *reply.headers]
        self._h2.send_headers(seen.stream, headers, end_stream=not reply.body)
        if reply.body:
            self._unsent[seen.stream] = reply.body
            self._send_bodies()
        self._end(seen.stream)

    def _end(self, stream: int) -> None:
        if stream in self._unanswered:
            self._unanswered.discard(stream)
            self._peer.open_streams -= 1

    def _send_bodies(self) -> None:
        for stream, body in list(self._unsent.items()):
            left = body
            while left and (window := self._h2.local_flow_control_window(stream)):
                size = min(window, self._h2.max_outbound_frame_size)
                self._h2.send_data(stream, left[:size], end_stream=size >= len(left))
                left = left[size:]
            self._unsent[stream] = left
            if not left:
                del self._unsent[stream]

    async def _reply_later(self, reply: Reply, seen: Seen) -> None:
        if reply.after is not None:
            await reply.after.wait()
        with suppress(h2.exceptions.ProtocolError):
            self._reply(reply, seen)
            self._flush()
            if self._last is not None and not self._unanswered:
                self._writer.close()

    def _flush(self) -> None:
        if not self._writer.is_closing():
            self._writer.write(self._h2.data_to_send())


@asynccontextmanager
async def scripted_apns(
    folder: Path,
    script: Callable[[Seen], tuple[Action, ...]] = lambda _seen: (OK,),
    *,
    first_limit: int | None = 100,
    name: str = "localhost",
    port: int = 0,
) -> AsyncIterator[ScriptedApns]:
    """Run a peer on a free port of this machine, with a certificate for `name`."""
    authority, certificate = _authority_and_server(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    peer = ScriptedApns(script, first_limit, ca_file=str(authority))
    server = await asyncio.start_server(peer.serve, "127.0.0.1", port, ssl=context, ssl_shutdown_timeout=0.1)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in list(peer.tasks):
            task.cancel()


def _authority_and_server(folder: Path, name: str) -> tuple[Path, Path]:
    """Make an authority and a certificate of its own for `name`; strict clients refuse one that is both."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority of {name}")])
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "127.0.0.2")]
    alternatives: list[x509.GeneralName] = [x509.DNSName(name), *addresses]
    authority = (
        _certificate(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), authority_name, server_key)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    authority_file, server_file = folder / f"{name}-authority.pem", folder / f"{name}.pem"
    authority_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server_file.write_bytes(key + server.public_bytes(serialization.Encoding.PEM))
    return authority_file, server_file


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
