"""`lockstep config`: what is set, and where it comes from."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import AsJson, print_json, print_table
from app.cli.running import run

if TYPE_CHECKING:
    from app.settings_shown import UnknownVariable

config = typer.Typer(name="config", no_args_is_help=True, help="Look at the settings.")


@config.callback()
def _config() -> None:
    """Look at the settings."""


@config.command()
def show(
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out what is at its default.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every setting as it counts, and where it comes from: a variable, its file, `.env`, the profile, a default.

    Secrets and passwords are not shown. Variables that begin with LOCKSTEP_ and are no setting are told.

    Example: `lockstep config show --changed`
    """
    run(_show(changed=changed, as_json=as_json))


async def _show(*, changed: bool, as_json: bool) -> int:
    from app.settings import load_settings
    from app.settings_shown import shown_settings, unknown_variables

    shown = [each for each in shown_settings(load_settings()) if not changed or each.origin != "default"]
    unknown = unknown_variables()
    if as_json:
        print_json({"settings": shown, "unknown": unknown})
        return 0
    rows = [(each.name, each.value, each.origin) for each in shown]
    print_table(("setting", "value", "from"), rows, empty="Every setting is at its default.")
    for each in unknown:
        typer.echo(told(each), err=True)
    return 0


def told(unknown: "UnknownVariable") -> str:
    """Say that a variable is no setting, and which one was meant, perhaps."""
    meant = "" if unknown.meant is None else f" Is {unknown.meant} meant?"
    return f"{unknown.name} is no setting of this release.{meant}"
