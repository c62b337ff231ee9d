"""Make the pictures in the docs from the real console: `make pictures`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from app.demo.desk import desk_routes
from app.logs import set_up_logs
from events.postgres.migrator import migrate
from events.postgres.pool import connect
from tests.acceptance.world import running_world
from tests.browser.chromium import new_page, running_chromium
from tests.browser.states import FIRST, FOLDER, SETTINGS, STATES, State, enter, prepare
from tests.browser.visit import Visit
from tests.conftest import Clock
from tests.database import new_database, serving


async def main() -> None:
    """Start everything, go to each state, and write its picture."""
    set_up_logs("warning", "console")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder) / "postgres") as server, new_database(server) as dsn:
            await migrate(dsn)
            connection = await connect(dsn, name="lockstep-pictures")
            try:
                async with (
                    running_world(
                        dsn, Clock(connection), Path(folder) / "simulator", routes=desk_routes, **SETTINGS
                    ) as world,
                    running_chromium() as browser,
                    new_page(browser) as page,
                ):
                    visit = Visit(page, world)
                    await enter(visit)
                    await _take(FIRST, visit)
                    await prepare(world)
                    for state in STATES:
                        await _take(state, visit)
            finally:
                await connection.close()


async def _take(state: State, visit: Visit) -> None:
    (FOLDER / f"{state.name}.png").write_bytes(await state.picture(visit))
    sys.stdout.write(f"docs/pictures/{state.name}.png\n")


if __name__ == "__main__":
    asyncio.run(main())
