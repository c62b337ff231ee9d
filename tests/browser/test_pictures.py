"""The pictures in the docs are those of the console as it is."""

from tests.acceptance.world import World
from tests.browser.states import FIRST, FOLDER, MOST_APART, STATES, apart, enter, prepare
from tests.browser.visit import Visit


async def test_the_console_looks_as_in_the_docs(world: World, visit: Visit) -> None:
    """Each state, seen from afar; `make pictures` makes them anew."""
    await enter(visit)
    differ = {}
    for state in (FIRST, *STATES):
        if state is STATES[0]:
            await prepare(world)
        taken = await state.picture(visit)
        await visit.is_accessible()
        share = apart((FOLDER / f"{state.name}.png").read_bytes(), taken)
        if share > MOST_APART:
            differ[state.name] = share
    assert differ == {}
    assert [each for each in visit.complaints if not any(word in each for word in ("ERR_", "401"))] == []


def test_a_picture_of_something_else_is_told_from_it() -> None:
    """Dark from light, and the health page from an order."""
    overview, dark, health = ((FOLDER / f"{name}.png").read_bytes() for name in ("overview", "dark", "health"))
    assert apart(overview, overview) == 0
    assert apart(overview, dark) > 10 * MOST_APART
    assert apart(health, overview) > 2 * MOST_APART


def test_a_picture_is_quickly_loaded() -> None:
    """Each is under 200 KB, and all together are little over 1 MB."""
    sizes = [(FOLDER / f"{state.name}.png").stat().st_size for state in (FIRST, *STATES)]
    assert max(sizes) < 200_000
    assert sum(sizes) < 1_100_000
