"""Joins the settings with what opens the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.cli.database import Database, database_of

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
    async with database_of(settings.session_url, settings.data_directory, settings.secrets) as database:
        yield database
