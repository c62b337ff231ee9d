"""An APNs that answers one push a second, the one that has waited longest, and lets the others wait.

Prints its address, and when it ends how many pushes came and how many were answered.
"""

import asyncio
import signal
import ssl
import sys
from collections import deque
from pathlib import Path
from typing import cast

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes, Settings

from app.simulator.certificates import ensure_certificates

SECONDS = 1.0
STREAMS = 1_000


class Peer:
    """What waits for an answer, on all connections.

    Attributes:
        came: Pushes until now.
        answered: Those of them that were answered.
    """

    def __init__(self) -> None:
        self.waiting: deque[tuple[_Connection, int]] = deque()
        self.came = self.answered = 0

    async def answer(self) -> None:
        """Answer one a second, until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            while self.waiting:
                connection, stream = self.waiting.popleft()
                if connection.reply(stream):
                    self.answered += 1
                    break


class _Connection(asyncio.Protocol):
    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._open: set[int] = set()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._h2.local_settings = Settings(client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS})
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.close()
            return
        for event in events:
            match event:
                case h2.events.DataReceived():
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case h2.events.StreamEnded(stream_id=stream) if stream is not None:
                    self._peer.came += 1
                    self._open.add(stream)
                    self._peer.waiting.append((self, stream))
                case h2.events.StreamReset(stream_id=stream) if stream is not None:
                    self._open.discard(stream)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's callback
        self._open.clear()
        self._transport = None

    def reply(self, stream: int) -> bool:
        """Answer a push, unless nobody waits for it any more."""
        if stream not in self._open:
            return False
        self._open.discard(stream)
        self._h2.send_headers(stream, [(":status", "200")], end_stream=True)
        self._flush()
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._h2.data_to_send())


async def main(folder: Path) -> None:
    """Run."""
    certificates = ensure_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    peer, stop, loop = Peer(), asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: _Connection(peer), "127.0.0.1", 0, ssl=context)
    answering = loop.create_task(peer.answer())
    sys.stdout.write(f"https://localhost:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stop.wait()
    answering.cancel()
    server.close()
    sys.stdout.write(f"{peer.came} {peer.answered}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
