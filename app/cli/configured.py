"""Joins the settings with what opens the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.cli.database import Database, database_of
from app.cli.demo_folder import address_in, folder_of
from app.cli.demo_invitation import FILE
from app.cli.errors import CommandError

if TYPE_CHECKING:
    from app.settings import Settings


def quiet_settings() -> "Settings":
    """Read the settings for a command that prints an answer: logs of warnings alone, for people."""
    from app.logs import set_up_logs
    from app.settings import load_settings
    from projections.card_modules import install_cards

    settings = load_settings()
    install_cards(settings.cards)
    chosen = settings.log_level if "log_level" in settings.model_fields_set else "warning"
    set_up_logs(chosen, "console")
    return settings


@asynccontextmanager
async def configured_database() -> AsyncIterator[Database]:
    """Open the database of the settings."""
    settings = quiet_settings()
    refuse_beside_a_demo(settings)
    async with database_of(settings.session_url, settings.data_directory, settings.secrets) as database:
        yield database


def refuse_beside_a_demo(settings: "Settings") -> None:
    """See that it is clear whether the demo is meant that runs below a data directory that nobody has chosen.

    Raises:
        CommandError: It is not.
    """
    if settings.database_url is not None or "data_directory" in settings.model_fields_set:
        return
    demo = folder_of(settings.data_directory)
    if address_in(demo) is not None:
        raise CommandError(
            f"A demo runs in {demo}, and this would ask another database. To ask the demo's, type first:\n"
            f"  . {demo / FILE}\n"
            f"To ask the other one, set LOCKSTEP_DATA_DIRECTORY={settings.data_directory}."
        )
