"""`lockstep config show`: every setting with its origin, and nothing that is secret."""

from pathlib import Path

import pytest

from app.settings import Settings
from app.settings_shown import HIDDEN, without_password
from app.settings_sources import PREFIX
from tests.integration.command_line import lockstep


async def test_every_setting_is_shown_with_where_it_comes_from(tmp_path: Path) -> None:
    """A variable, a file, the profile, a default; the least likely are there too."""
    key = tmp_path / "key.p8"
    key.write_text("canary-key\n")
    done = await lockstep(
        "config", "show", "--json", dsn="postgresql://shop:canary-password@db.example:6432/orders",
        LOCKSTEP_PROFILE="fast", LOCKSTEP_APNS_KEY_FILE=str(key), LOCKSTEP_DISPATCH_BATCH="7",
    )  # fmt: skip
    shown = {each["name"]: (each["value"], each["origin"]) for each in done.json["settings"]}

    assert shown.keys() == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert shown["LOCKSTEP_DATABASE_URL"] == ("postgresql://shop:***@db.example:6432/orders", "variable")
    assert shown["LOCKSTEP_APNS_KEY"] == (HIDDEN, "file")
    assert shown["LOCKSTEP_SECRET_KEY"] == (HIDDEN, "variable")
    assert shown["LOCKSTEP_DISPATCH_BATCH"] == ("7", "variable")
    assert shown["LOCKSTEP_DISPATCH_LEASE"] == ("6", "profile fast")
    assert shown["LOCKSTEP_PORT"] == ("8080", "default")
    assert shown["LOCKSTEP_FCM_ACCOUNT"] == (None, "default")
    assert "canary" not in done.out + done.err


async def test_a_misspelled_variable_is_told(dsn: str) -> None:
    """With the setting that was meant; what is set otherwise is all that `--changed` shows."""
    done = await lockstep("config", "show", "--changed", dsn=dsn, LOCKSTEP_DATABSE_CONNECTIONS="20")

    assert done.code == 0
    assert "LOCKSTEP_DATABASE_URL" in done.out
    assert "LOCKSTEP_PORT" not in done.out
    assert "LOCKSTEP_DATABSE_CONNECTIONS is no setting" in done.err
    assert "LOCKSTEP_DATABASE_CONNECTIONS meant" in done.err


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://db/orders", "postgresql://db/orders"),
        ("postgresql://shop@db:1/x", "postgresql://shop@db:1/x"),
        ("postgresql://shop:p%40ss@[::1]:1/x?password=canary", "postgresql://shop:***@[::1]:1/x?***"),
        ("postgresql://shop:can@ry@db/x", HIDDEN),
        ("postgresql://shop:can/ry@db/x", HIDDEN),
        ("postgresql://shop:12/ry@db/x", HIDDEN),
        ("host=db password=canary", HIDDEN),
    ],
)
def test_a_password_in_a_url_is_not_shown(url: str, shown: str) -> None:
    """However it is written, and where it is written wrongly nothing is shown."""
    assert without_password(url) == shown
