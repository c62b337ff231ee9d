"""`lockstep doctor`, against an installation with a simulated Apple and Google, whole and broken."""

import base64
from pathlib import Path
from typing import Any

import pytest

from app.apns.answer import Answer
from app.doctor.database import clock_finding
from app.doctor.examination import judge_room
from app.doctor.finding import State
from app.doctor.sending import judge_answer
from projections.pauses import Pauses
from tests.acceptance.world import World
from tests.conftest import SECRET_KEY
from tests.integration.command_line import Done, lockstep

Found = dict[str, dict[str, str]]


async def examined(world: World, dsn: str | None, **more: str) -> tuple[int, Found]:
    """Let the doctor look; give the exit code and the findings by what was looked at."""
    return by_check(await lockstep("doctor", "--json", dsn=dsn, **(world.apple | more)))


def by_check(done: Done) -> tuple[int, Found]:
    """Give the exit code and the findings by what was looked at."""
    return done.code, {each["check"]: each for each in done.json["findings"]}


def states(found: Found) -> dict[str, str]:
    """Give the state of each thing that was looked at."""
    return {check: each["state"] for check, each in found.items()}


async def test_an_installation_in_order_is_told_so(world: World, dsn: str) -> None:
    """Everything is good; a pause is a warning that names the command, and leaves the exit code."""
    account = world.settings.fcm_account
    assert account is not None
    google = {"LOCKSTEP_FCM_ACCOUNT": account.get_secret_value(), "LOCKSTEP_FCM_URL": world.simulator.fcm.url}
    code, found = await examined(world, dsn, **google)
    await Pauses(world.service.pool).pause("all", "*", reason="trial")
    paused_code, paused = await examined(world, dsn)

    things = (
        "settings",
        "database",
        "clock",
        "schema",
        "secret key",
        "pauses",
        "apns production",
        "apns sandbox",
        "fcm",
    )
    # the server of the tests is quick and forgets
    assert (code, states(found)) == (0, {**dict.fromkeys(things, "good"), "durability": "warning"})
    assert (paused_code, paused["pauses"]["state"]) == (0, "warning")
    assert "lockstep resume all" in paused["pauses"]["cure"]


async def test_a_key_that_apple_does_not_know_is_told(world: World, dsn: str) -> None:
    """It can be reached, and refuses the key, which is named; so is one environment that is not there."""
    code, found = await examined(
        world, dsn, LOCKSTEP_APNS_KEY_ID="OTHER12345", LOCKSTEP_APNS_PRODUCTION_URL="https://localhost:9"
    )

    assert (code, states(found)["apns sandbox"], states(found)["apns production"]) == (1, "bad", "bad")
    assert "OTHER12345" in found["apns sandbox"]["found"]
    assert "firewall" in found["apns production"]["cure"]
    assert world.signing_key not in str(found)


async def test_another_secret_key_and_no_credentials_are_told(world: World, dsn: str) -> None:
    """Each with its cure; what depends on them is unknown."""
    other = base64.b64encode(b"another secret key of 32 bytes..").decode()
    code, found = await examined(world, dsn, LOCKSTEP_SECRET_KEY=other)
    bare = by_check(await lockstep("doctor", "--json", dsn=dsn))
    quiet = by_check(await lockstep("doctor", "--json", dsn=dsn, LOCKSTEP_ROLES="api"))

    assert (code, states(found)["secret key"], states(found)["credentials"]) == (1, "bad", "unknown")
    assert (bare[0], states(bare[1])["credentials"]) == (1, "bad")
    assert (quiet[0], states(quiet[1])["credentials"]) == (0, "unknown")


async def test_a_secret_key_that_is_being_changed_is_told(world: World, dsn: str) -> None:
    """A warning for as long as a key is wrapped by the one before, and a word when that can go."""
    new = {
        "LOCKSTEP_SECRET_KEY": base64.b64encode(b"another secret key of 32 bytes..").decode(),
        "LOCKSTEP_SECRET_KEY_PREVIOUS": base64.b64encode(SECRET_KEY).decode(),
    }
    _, before = await examined(world, dsn, **new)
    await lockstep("secret", "rewrap", dsn=dsn, **new)
    _, after = await examined(world, dsn, **new)

    assert (states(before)["secret key"], states(after)["secret key"]) == ("warning", "good")
    assert "4 of 4 keys" in before["secret key"]["found"]
    assert "lockstep secret rewrap" in before["secret key"]["cure"]
    assert "of no use any more" in after["secret key"]["found"]


async def test_a_database_that_is_not_there_is_told(world: World, tmp_path: Path) -> None:
    """Without its password; and settings that cannot be used are all that is told then."""
    nowhere = await examined(world, "postgresql://shop:canary@localhost:9/orders")
    wrong = by_check(await lockstep("doctor", "--json", dsn=None, LOCKSTEP_PORT="-1", HOME=str(tmp_path)))

    assert (nowhere[0], states(nowhere[1])["database"], states(nowhere[1])["schema"]) == (1, "bad", "unknown")
    assert "canary" not in str(nowhere[1])
    assert (wrong[0], states(wrong[1])) == (1, {"settings": "bad"})
    assert "LOCKSTEP_PORT" in wrong[1]["settings"]["found"]


async def test_a_misspelled_setting_is_a_warning(world: World, dsn: str) -> None:
    """It names the setting that was meant, perhaps."""
    _, found = await examined(world, dsn, LOCKSTEP_ROLE="api")

    assert found["settings"]["state"] == "warning"
    assert "LOCKSTEP_ROLES" in found["settings"]["found"]


@pytest.mark.parametrize(
    ("answer", "state", "clock"),
    [
        (Answer(400, "BadDeviceToken", server_time=1_000.0), State.GOOD, State.GOOD),
        (Answer(400, "BadDeviceToken", server_time=960.0), State.GOOD, State.WARNING),
        (Answer(403, "ExpiredProviderToken", server_time=5_000.0), State.BAD, State.BAD),
        (Answer(503, "ServiceUnavailable"), State.WARNING, None),
    ],
)
def test_an_answer_tells_of_key_and_clock(answer: Answer, state: State, clock: State | None) -> None:
    """By its reason, and by the time that it carries."""
    first, *rest = judge_answer("apns sandbox", answer, key_id="KEY1234567", seconds=0.1, asked_at=1_000.0)

    assert first.state is state
    assert [each.state for each in rest] == ([] if clock is None else [clock])


def test_clocks_and_room_are_judged_by_how_much() -> None:
    """A little is good, more is a warning, much is bad."""

    def judged(findings: Any) -> list[State]:
        return [each.state for each in findings]

    clocks = judged(clock_finding("clock", ahead, "one", "the other") for ahead in (1.0, -60.0, 3_600.0))
    rooms = judged(judge_room(size, Path("x")) for size in (10 * 1024**3, 1024**3, 1024))

    assert clocks == rooms == [State.GOOD, State.WARNING, State.BAD]
