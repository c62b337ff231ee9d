"""Hints between loops and processes: doorbells that may be lost.

Whatever a lost hint hid is found by a sweep; nothing is right because of a hint, it is only sooner.
"""

import asyncio
import uuid
from collections.abc import Callable, Collection
from typing import Literal

import asyncpg
import msgspec
import structlog

from events.metrics import DOORBELL_LOST, HINTS_HEARD, HINTS_SENT
from events.postgres.pool import connect
from events.slot import slot_of
from events.waiting import first_of

log = structlog.get_logger()

CHANNEL = "lockstep"
# Postgres refuses a payload of 8,000 bytes.
PAYLOAD_BYTES = 7_000
RECONNECT_SECONDS = 1.0
# A connection that is silent for so long is asked whether anybody is there: Postgres' host may have vanished.
PROOF_SECONDS = 10.0

Bell = Literal["behind", "matching", "due", "settings"]


class Ring(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message between processes.

    Attributes:
        sender: The process it comes from.
        behind: Subjects whose view is behind.
        behind_slots: Slots that hold such subjects, when the subjects were too many to name.
        matching: Whether a view or device was flagged for the matcher.
        due: Slots with cards in debt.
        settings: Whether pauses or keys have changed.
        feed: Whether events were numbered for the feed.
        facts: Whether something became of cards that somebody is to be told.
        pictures: Whether phones are to be told of pictures, perhaps.
        folded: Slots in which views were written.
    """

    sender: str
    behind: list[str] = []
    behind_slots: list[int] = []
    matching: bool = False
    due: list[int] = []
    settings: bool = False
    feed: bool = False
    facts: bool = False
    pictures: bool = False
    folded: list[int] = []


class Doorbell:
    """Passes hints on: to the loops of this process at once, to other processes at most one message at a time.

    Args:
        dsn: The database.
        proof_seconds: A connection that does not answer for so long is given up.
    """

    def __init__(self, dsn: str, *, proof_seconds: float = PROOF_SECONDS) -> None:
        self._dsn = dsn
        self._proof_seconds = proof_seconds
        self._me = uuid.uuid4().hex
        self._listeners: list[Callable[[Ring], None]] = []
        self._behind: set[str] = set()
        self._due: set[int] = set()
        self._folded: set[int] = set()
        self._matching = False
        self._settings = False
        self._feed = False
        self._facts = False
        self._pictures = False
        self._pending = asyncio.Event()

    def listen(self, listener: Callable[[Ring], None]) -> None:
        """Call `listener` for every hint, from here and from elsewhere; it must not block."""
        self._listeners.append(listener)

    def ring(
        self,
        *,
        behind: Collection[str] = (),
        due: Collection[int] = (),
        matching: bool = False,
        settings: bool = False,
        feed: bool = False,
        facts: bool = False,
        pictures: bool = False,
        folded: Collection[int] = (),
    ) -> None:
        """Hint that there may be work."""
        hint = Ring(
            self._me,
            behind=list(behind),
            due=list(due),
            matching=matching,
            settings=settings,
            feed=feed,
            facts=facts,
            pictures=pictures,
            folded=list(folded),
        )
        self._tell(hint)
        self._behind.update(behind)
        self._due.update(due)
        self._folded.update(folded)
        self._matching |= matching
        self._settings |= settings
        self._feed |= feed
        self._facts |= facts
        self._pictures |= pictures
        self._pending.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry hints to and from other processes until told to stop; a lost connection is made anew."""
        while not stop.is_set():
            try:
                await self._carry(stop)
            except (
                OSError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
                TimeoutError,
            ) as error:
                log.warning("doorbell_lost", error=type(error).__name__)
                DOORBELL_LOST.inc()
                await first_of(stop, seconds=RECONNECT_SECONDS)

    async def _carry(self, stop: asyncio.Event) -> None:
        connection = await connect(self._dsn, name="lockstep-doorbell")
        lost = asyncio.Event()

        def hang_up(_: object) -> None:
            lost.set()
            self._pending.set()

        connection.add_termination_listener(hang_up)
        await connection.add_listener(CHANNEL, self._heard)
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set() and not lost.is_set():
                pending = asyncio.ensure_future(self._pending.wait())
                await asyncio.wait(
                    {pending, stopping}, timeout=self._proof_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                pending.cancel()
                if lost.is_set():
                    break
                if self._pending.is_set():
                    said = self._take()
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, said, timeout=self._proof_seconds)
                    HINTS_SENT.inc()
                elif not stopping.done():
                    await connection.execute(f"LISTEN {CHANNEL}", timeout=self._proof_seconds)
        except TimeoutError:
            connection.terminate()
            raise
        finally:
            stopping.cancel()
            if not connection.is_closed():
                await connection.close(timeout=2)

    def _take(self) -> str:
        behind, slots = sorted(self._behind), list[int]()
        message = Ring(
            self._me,
            behind=behind,
            due=sorted(self._due),
            matching=self._matching,
            settings=self._settings,
            feed=self._feed,
            facts=self._facts,
            pictures=self._pictures,
            folded=sorted(self._folded),
        )
        encoded = msgspec.json.encode(message)
        if len(encoded) > PAYLOAD_BYTES:
            slots = sorted({slot_of(each) for each in behind})
            encoded = msgspec.json.encode(msgspec.structs.replace(message, behind=[], behind_slots=slots))
        self._behind.clear()
        self._due.clear()
        self._folded.clear()
        self._matching = self._settings = self._feed = self._facts = self._pictures = False
        self._pending.clear()
        return encoded.decode()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        try:
            ring = msgspec.json.decode(str(payload), type=Ring)
        except msgspec.DecodeError:
            log.warning("doorbell_not_understood")
            return
        if ring.sender != self._me:
            HINTS_HEARD.inc()
            self._tell(ring)

    def _tell(self, ring: Ring) -> None:
        for listener in self._listeners:
            listener(ring)
