"""A host that disappears: no FIN, no RST, nobody to answer; what it held must come free by itself."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.thresholds import FAST_RULES
from events.keyring import open_keyring
from events.postgres.pool import Pool, open_pool
from events.slot import slot_of
from projections.projector import LANES, Projector
from tests.conftest import SECRET_KEY, SECRETS
from tests.faults.held import HELD
from tests.faults.lan import CLIENT, Host, postgres_on, why_not
from tests.faults.process import READY
from tests.integration.dispatching import PEM, Apns, dispatcher
from tests.integration.flow import Flow

SMALL_WINDOW = "4096 4096 8192"
LONG = "x" * 200
_ALL_GONE = f"NOT EXISTS (SELECT FROM pg_stat_activity WHERE client_addr = '{CLIENT}')"
_SENDING = (
    f"EXISTS (SELECT FROM pg_stat_activity WHERE client_addr = '{CLIENT}'"
    " AND application_name = 'lockstep-projector' AND wait_event = 'ClientWrite')"
)

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(why_not() is not None, reason=f"hosts cannot be made here: {why_not()}"),
]


@asynccontextmanager
async def standing(host: Host, place: str, role: str, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Run a process on the host until it stands still at the place; its end is that of the host's power."""
    process = await asyncio.create_subprocess_exec(
        *host.on(sys.executable, "-m", "tests.faults.held", place),
        env={**os.environ, **environment, "LOCKSTEP_ROLES": role},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert {await process.stdout.readline() for _ in range(2)} == {READY, HELD}
        yield
    finally:
        process.kill()
        await process.wait()


def _orders_of_one_lane() -> tuple[str, str]:
    """Name two orders of different slots that one lane of a projector folds."""
    first = "order-1"
    others = (f"order-{number}" for number in range(2, 1_000))
    return first, next(
        each for each in others if slot_of(each) != slot_of(first) and slot_of(each) % LANES == slot_of(first) % LANES
    )


@pytest.fixture
async def hosts() -> AsyncIterator[tuple[Host, Host, Host]]:
    """Give the database's host, that of the workers, joined by a cable, and one without any address."""
    async with Host.start() as server, Host.start() as workers, Host.start() as nowhere:
        await server.lay_cable(workers)
        yield server, workers, nowhere


async def _flow(pool: Pool) -> Flow:
    made = Flow(pool, await open_keyring(pool, SECRETS))
    await made.projector.adopt()
    return made


async def test_what_a_vanished_host_held_comes_free(hosts: tuple[Host, Host, Host], tmp_path: Path) -> None:
    """Its slots, with views half written or in the middle of a read, its cards' leases and its connections."""
    server, workers, nowhere = hosts
    key = tmp_path / "key.p8"
    key.write_text(PEM)
    # what Postgres sends is soon more than the way there can hold
    await workers.run("sh", "-c", f"echo '{SMALL_WINDOW}' > /proc/sys/net/ipv4/tcp_rmem")
    async with postgres_on(server) as (over_the_cable, here), await open_pool(here, name="lockstep-test") as pool:
        flow = await _flow(pool)
        environment = {
            "LOCKSTEP_DATABASE_URL": over_the_cable,
            "LOCKSTEP_SECRET_KEY": base64.b64encode(SECRET_KEY).decode(),
            "LOCKSTEP_PROFILE": "fast",
            "LOCKSTEP_APNS_TEAM_ID": "TEAM123456",
            "LOCKSTEP_APNS_KEY_ID": "KEY1234567",
            "LOCKSTEP_APNS_KEY": PEM,
        }
        await flow.wanted()
        written, read = _orders_of_one_lane()
        async with standing(workers, "after_claim", "dispatcher", environment):
            await flow.happen(written, "order.accepted")
            async with standing(workers, "after_write", "projector", environment):
                await flow.append(*(flow.event(read, "order.note", {"text": LONG}) for _ in range(500)))
                async with standing(workers, "while_reading", "projector", environment):
                    await _until(pool, _SENDING)
                    await workers.vanish(nowhere)
                    await _take_over(flow, written, read)


async def _until(pool: Pool, condition: str) -> None:
    """Let Postgres wait for something it tells nobody of; its `statement_timeout` ends what never comes."""
    look_again = "PERFORM pg_sleep(0.1), pg_stat_clear_snapshot();"
    await pool.execute(f"DO $$ BEGIN WHILE NOT ({condition}) LOOP {look_again} END LOOP; END $$")


async def _take_over(flow: Flow, *subjects: str) -> None:
    """Run a projector and a dispatcher here until they have done what the vanished ones had begun."""
    apns, stop, folded = Apns(), asyncio.Event(), asyncio.Event()
    projector = Projector(flow.pool, flow.keyring, lambda _due, _matching: folded.set())
    heads = {
        row["subject_id"]: row["version"] for row in await flow.pool.fetch("SELECT subject_id, version FROM heads")
    }
    working = [asyncio.create_task(each.run(stop)) for each in (projector, dispatcher(flow, apns, FAST_RULES))]
    try:
        # a lock that stays ends this with the statement's time
        slots = [slot_of(each) for each in subjects]
        await flow.pool.execute("SELECT FROM slots WHERE slot = ANY ($1) FOR UPDATE", slots)
        while await flow.views(list(heads)) != heads:
            folded.clear()
            await folded.wait()
        await apns.came.wait()
        await _until(flow.pool, _ALL_GONE)
    finally:
        stop.set()
        await asyncio.gather(*working)
    assert apns.events() == ["start"]
