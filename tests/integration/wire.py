"""The line between a pool and Postgres, which a test may cut where it hurts."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from events.postgres.pool import Connection, Pool, open_pool

FLUSH = b"H\0\0\0\4"
READY = b"Z\0\0\0\5"
IN_NO_TRANSACTION = READY + b"I"
"""How an answer ends once its statement, or its transaction, has committed."""


class _Line:
    """One connection.

    Attributes:
        doomed: The answer to what was asked last is to be swallowed.
        flushed: What was asked last is answered without a word of its end, as statements that are prepared are.
        dead: It stands, and carries nothing.
    """

    doomed = False
    flushed = False
    dead = False


class Wire:
    """A socket that passes everything on to a Postgres.

    Args:
        dsn: The Postgres behind it.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._folder = Path(tempfile.mkdtemp(prefix="wire-"))
        self._server: asyncio.Server | None = None
        self._lines: dict[asyncio.Task[None], _Line] = {}
        self._cut = False
        self._lost = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._left = 0
        self._before = True
        self.asked = 0

    @property
    def dsn(self) -> str:
        """The URL of the same database over this line."""
        parts = urlsplit(self._dsn)
        user = f"{parts.username}:{parts.password}" if parts.password else parts.username
        return f"{parts.scheme}://{user}@{parts.path}?{urlencode({'host': str(self._folder), 'port': '5432'})}"

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._carry, self._folder / ".s.PGSQL.5432")

    async def close(self) -> None:
        """Stop listening and cut every line."""
        if self._server is None:
            return
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        self._server = None
        shutil.rmtree(self._folder)

    def cut_after_next_commit(self) -> None:
        """Swallow the next answer that says that something was committed, and cut the line."""
        self._cut = True

    def cut_at(self, number: int, *, before: bool) -> None:
        """Cut the line of the n-th request from now on, once.

        Args:
            number: From 1.
            before: Whether Postgres never sees it; otherwise its answer is swallowed.
        """
        self._left, self._before, self.asked = number, before, 0

    def lose(self) -> None:
        """Cut every line, and every new one at once, until it is mended."""
        self._lost = True
        for line in self._lines:
            line.cancel()

    def hang(self) -> None:
        """Keep every line, and carry nothing, until it is mended."""
        self._flowing.clear()

    def forget(self) -> None:
        """Keep every line there is now, and carry nothing on it ever again, as if the host at its end had vanished."""
        for line in self._lines.values():
            line.dead = True

    def mend(self) -> None:
        """Carry again."""
        self._lost = False
        self._flowing.set()

    @asynccontextmanager
    async def pool(self) -> AsyncIterator[Pool]:
        """Open a pool of one connection over this line."""
        pool = await open_pool(self.dsn, name="lockstep-wire", most=1, least=1)
        try:
            yield pool
        finally:
            pool.terminate()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._lost:
            writer.close()
            return
        line = self._lines[task] = _Line()
        back_reader, back_writer = await self._connect()
        try:
            ways = {
                asyncio.create_task(self._pass_on(reader, back_writer, line, answers=False)),
                asyncio.create_task(self._pass_on(back_reader, writer, line, answers=True)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except asyncio.CancelledError:
            return  # by close, which wants no more than what follows
        finally:
            del self._lines[task]
            for each in (writer, back_writer):
                each.close()
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, line: _Line, *, answers: bool
    ) -> None:
        while data := await source.read(65_536):
            if line.dead:
                continue
            if not answers and not line.doomed:
                self.asked += 1
                line.doomed, line.flushed = self.asked == self._left, data.endswith(FLUSH)
                if line.doomed and self._before:
                    return
            # what was asked is done by Postgres, and nobody hears of it
            if answers and line.doomed:
                if line.flushed or data[-6:-1] == READY:
                    return
                continue
            if answers and self._cut and data.endswith(IN_NO_TRANSACTION):
                self._cut = False
                return
            await self._flowing.wait()
            sink.write(data)
            await sink.drain()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._dsn)
        query = parse_qs(parts.query)
        [host], [port] = query.get("host", [parts.hostname]), query.get("port", [str(parts.port or 5432)])
        if host is not None and host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))


async def backend_that_waits(connection: Connection) -> int:
    """Wait until another connection of this database waits for a lock, and give its process id."""
    while True:
        # inside a transaction the view would otherwise stay as it was first read
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        found: int | None = await connection.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1"
        )
        if found is not None:
            return found
