"""Behind PgBouncer, with a pool for each transaction: statements go through it, hints and migrations beside it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.errors import SettingsError
from app.settings import load_settings
from events.postgres.pool import Connection
from tests.acceptance.test_doctor import examined, states
from tests.acceptance.world import World, card_of, running_world
from tests.conftest import Clock
from tests.integration.wire import Wire

PROGRAM: Final = shutil.which("pgbouncer")
SERVERS: Final = 2
"""Connections to Postgres at the most; fewer than ask for one, so that they change hands all the time."""


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder for a socket, whose path is short, and which the bouncer's account may use."""
    made = Path(tempfile.mkdtemp(prefix="bouncer-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def bouncer(dsn: str) -> AsyncIterator[str]:
    """The URL of the database through a pooler."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is not installed")
    # the bouncer may not run as root, and then cannot reach the embedded server's own socket
    wire = Wire(dsn)
    await wire.open()
    place, user, password = parse_qs(urlsplit(wire.dsn).query), urlsplit(dsn).username, urlsplit(dsn).password
    host, port = place["host"][0], place["port"][0]
    Path(host).chmod(0o755)
    (Path(host) / f".s.PGSQL.{port}").chmod(0o777)
    secret = "" if password is None else f" password={password}"
    with folder() as here:
        (here / "ini").write_text(
            f"[databases]\n* = host={host} port={port} user={user}{secret}\n"
            f"[pgbouncer]\nunix_socket_dir = {here}\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\n"
            f"default_pool_size = {SERVERS}\n"
        )
        # it refuses to run as root
        account = ("-u", "nobody") if os.geteuid() == 0 else ()
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *account, str(here / "ini"), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        async for line in process.stderr:
            if b"process up" in line:
                break
        drained = asyncio.create_task(process.stderr.read())
        yield f"postgresql://{user}@{urlsplit(dsn).path}?{urlencode({'host': str(here), 'port': 6432})}"
        process.terminate()
        await drained
        await process.wait()
    await wire.close()


async def test_orders_reach_phones_through_the_pooler(
    dsn: str, bouncer: str, clock: Clock, certificates: Path, caretaker: Connection
) -> None:
    """Many at once, on two connections that everybody shares; every view is at its head, and the phone is right."""
    async with running_world(dsn, clock, certificates, database_url=bouncer, database_direct_url=dsn) as world:
        phone = await world.phone()
        await world.place()
        await world.come_to_rest()
        others = [f"other-{number}" for number in range(20)]
        await asyncio.gather(*(world.place(each, "customer-2") for each in others))
        for type_ in ("order.preparing", "order.ready", "order.picked_up"):
            await asyncio.gather(*(world.happen(each, type_) for each in ["order-1", *others]))
            await world.come_to_rest()
        shared = await caretaker.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name IN "
            "('lockstep', 'lockstep-projector', 'lockstep-matcher', 'lockstep-dispatcher')"
        )
        behind = await caretaker.fetchval(
            "SELECT count(*) FROM heads h LEFT JOIN views v USING (slot, subject_id) WHERE h.version <> v.version"
        )

        assert card_of(phone).content["status"] == "picked_up"
        assert 0 < shared <= SERVERS
        assert behind == 0


async def test_the_doctor_looks_at_both_ways(world: World, dsn: str, bouncer: str) -> None:
    """A role without limits is a warning, for they cannot be set through the pooler; a pooler that is gone is bad."""
    _, there = await examined(world, bouncer, LOCKSTEP_DATABASE_DIRECT_URL=dsn)
    _, gone = await examined(world, "postgresql://x@localhost:9/x", LOCKSTEP_DATABASE_DIRECT_URL=dsn)

    assert (states(there)["database"], states(there)["pooler"]) == ("good", "warning")
    assert (states(gone)["database"], states(gone)["pooler"]) == ("good", "bad")


def test_a_way_beside_the_pooler_needs_one_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the other it is a mistake, which is named."""
    monkeypatch.delenv("LOCKSTEP_DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match="LOCKSTEP_DATABASE_DIRECT_URL is set without LOCKSTEP_DATABASE_URL"):
        load_settings(database_direct_url="postgresql://db/orders")
