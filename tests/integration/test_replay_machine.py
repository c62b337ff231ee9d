"""Live views equal replayed views, whatever happens in whatever order: appends, erasures, rebuilds, archives.

The acts of a round run at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.archive_file import ENDING, ArchiveFolder
from events.envelope import NewEvent
from events.errors import ArchiveError
from events.postgres.pool import Connection, Pool
from events.sealing import Keyring
from events.slot import slot_of
from projections.archiver import archive_orders
from projections.errors import RebuildError
from projections.lanes import Slots
from projections.order_replay import replay_order
from projections.rebuild_changes import owe_changes
from projections.rebuild_ledger import (
    begin_rebuild,
    begin_rollback,
    choose_pushing,
    drop_generations,
    give_up,
    slot_states,
)
from projections.rebuilder import build, move
from projections.restorer import restore_orders
from projections.verifier import verify
from tests.conftest import remove_rows
from tests.integration.archiving import FUTURE
from tests.integration.flow import Flow

ORDERS: Final = ("order-1", "order-2", "order-3")
SLOTS: Final = sorted({slot_of(each) for each in ORDERS})
TYPES: Final = (
    "order.placed", "order.accepted", "order.courier_assigned", "order.note", "order.delayed", "order.delivered",
)  # fmt: skip

orders = st.sampled_from(ORDERS)
Step = tuple[str, str, str]
steps = st.tuples(
    st.sampled_from(
        ["happen", "happen", "finish", "repeat", "project", "project", "restart", "erase", "begin", "build", "move",
         "move", "owe", "roll_back", "give_up", "replay", "archive", "archive", "put_back"]
    ),
    orders,
    st.sampled_from(TYPES),
)  # fmt: skip
"""What happens, to which order or its slot, and by which event."""


@dataclass
class Machine:
    """A log, views, cards, and somebody who rebuilds; each act may run beside any other."""

    pool: Pool
    keyring: Keyring
    folder: Path
    events: list[NewEvent] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flow = Flow(self.pool, self.keyring)

    async def act(self, step: Step) -> None:
        """Do one thing; what stands in the way of it is an answer too."""
        what, order_id, type_ = step
        acts: dict[str, Callable[[str, str], Awaitable[object]]] = {
            "happen": self._happen,
            "finish": self._finish,
            "repeat": self._repeat,
            "project": lambda order_id, _: self.flow.project(order_id),
            "restart": self._restart,
            "erase": lambda order_id, _: self.flow.store.erase(order_id),
            "begin": self._begin,
            "build": lambda order_id, _: build(self.pool, self.keyring, slots=Slots([slot_of(order_id)])),
            "move": lambda order_id, _: move(self.pool, self.keyring, slot_of(order_id)),
            "owe": self._owe,
            "roll_back": lambda *_: begin_rollback(self.pool),
            "give_up": lambda *_: give_up(self.pool),
            "replay": lambda order_id, _: replay_order(self.pool, self.keyring, order_id),
            "archive": self._archive,
            "put_back": self._put_back,
        }
        with suppress(RebuildError, ArchiveError):
            await acts[what](order_id, type_)

    async def judge(self) -> None:
        """See that every live view is the fold of its events, and that none went back."""
        found = await verify(self.pool, self.keyring, slots=Slots(SLOTS))
        assert found.different.first == ()
        assert (found.quarantined.count, found.other_folds) == (0, ())
        now = await self._live()
        # the view of what is archived goes, and comes back
        archived = await self.pool.fetch("SELECT subject_id, version FROM heads WHERE archived_at IS NOT NULL")
        assert {row["subject_id"] for row in archived} & set(now) == set()
        now |= {row["subject_id"]: row["version"] for row in archived}
        assert {each: now.get(each, 0) for each in self.versions if now.get(each, 0) < self.versions[each]} == {}
        self.versions = now

    async def come_to_rest(self) -> None:
        """Let everything that was begun end, and see that nothing was forgotten."""
        for each in await slot_states(self.pool):
            if each.goes:
                await move(self.pool, self.keyring, each.slot)
        for each in await slot_states(self.pool):
            await owe_changes(self.pool, self.keyring, each)
        await drop_generations(self.pool)
        await self._put_back()
        assert await self.pool.fetchval("SELECT count(*) FROM heads WHERE archived_at IS NOT NULL") == 0
        await self.flow.projector.sweep(SLOTS)
        await self.flow.settle(*ORDERS)
        await self.judge()
        heads = await self.pool.fetch("SELECT subject_id, version FROM heads")
        assert self.versions == {row["subject_id"]: row["version"] for row in heads}
        forgotten = await self.pool.fetchval(
            "SELECT count(*) FROM cards AS c JOIN slots USING (slot) "
            "JOIN views AS v ON v.slot = c.slot AND v.generation = slots.generation AND v.subject_id = c.subject_id "
            "WHERE c.due_at IS NULL AND c.phase <> 'over'"
        )
        assert forgotten == 0

    async def _happen(self, order_id: str, type_: str) -> None:
        event = self.flow.event(order_id, type_)
        self.events.append(event)
        await self.flow.append(event)

    async def _finish(self, order_id: str, _: str) -> None:
        await self._happen(order_id, "order.placed")
        await self._happen(order_id, "order.delivered")
        await self.flow.project(order_id)

    async def _repeat(self, order_id: str, _: str) -> None:
        mine = [each for each in self.events if each.subject_id == order_id]
        if mine:
            await self.flow.append(mine[-1])

    async def _restart(self, *_: str) -> None:
        self.flow.projector = self.flow.new_projector()

    async def _begin(self, *_: str) -> None:
        await begin_rebuild(self.pool)
        # the other slots hold nothing, and are as good as done
        await self.pool.execute("DELETE FROM rebuilds WHERE slot <> ALL ($1::smallint[])", SLOTS)

    async def _owe(self, *_: str) -> None:
        await choose_pushing(self.pool, push_changes=True)
        for each in await slot_states(self.pool):
            await owe_changes(self.pool, self.keyring, each)

    async def _archive(self, *_: str) -> None:
        await self.flow.match()
        # what is folded is settled at once, where there is no rebuild, and its phones have taken what they were to show
        await self.pool.execute(
            "UPDATE heads AS h SET settled_at = lockstep_now() FROM slots AS s, views AS v WHERE s.slot = h.slot "
            "AND v.slot = h.slot AND v.generation = s.generation AND v.subject_id = h.subject_id "
            "AND v.version = h.version AND v.quarantined_at IS NULL"
        )
        await self.pool.execute(
            "UPDATE cards AS c SET phase = 'over', due_at = NULL FROM slots AS s, views AS v WHERE s.slot = c.slot "
            "AND v.slot = c.slot AND v.generation = s.generation AND v.subject_id = c.subject_id AND v.over"
        )
        with ArchiveFolder.held(self.folder) as folder:
            await archive_orders(self.pool, self.keyring, folder, before=FUTURE, on_step=lambda _: None)

    async def _put_back(self, *_: str) -> None:
        for each in sorted(self.folder.glob(f"*{ENDING}")):
            await restore_orders(self.pool, self.keyring, each, order_id=None, on_step=lambda _: None)

    async def _live(self) -> dict[str, int]:
        rows = await self.pool.fetch(
            "SELECT v.subject_id, v.version FROM views AS v JOIN slots USING (slot, generation) WHERE v.version > 0"
        )
        return {row["subject_id"]: row["version"] for row in rows}


@given(st.lists(st.lists(steps, min_size=1, max_size=4), min_size=4, max_size=14))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_live_views_equal_replayed_views(
    pool: Pool, keyring: Keyring, caretaker: Connection, tmp_path: Path, history: list[list[Step]]
) -> None:
    """After each round of acts that ran at once, and when all that was begun has ended."""
    await remove_rows(caretaker)
    machine = Machine(pool, keyring, tmp_path / uuid4().hex)
    await machine.flow.projector.adopt()
    await machine.flow.register()
    for together in history:
        await asyncio.gather(*(machine.act(each) for each in together))
        await machine.judge()
    await machine.come_to_rest()
