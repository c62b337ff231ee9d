"""`lockstep console`: the page on which orders and phones are looked at."""

from typing import Annotated, Final

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json
from app.cli.running import run

console = typer.Typer(name="console", no_args_is_help=True, help="Open the console.")

_SCOPES: Final = (
    "orders:read, events:read and metrics:read unless given, and in a demo admin; admin, to act from the page; may be "
    "repeated."
)


@console.callback()
def _console() -> None:
    """Open the console."""


@console.command("open")
def open_(
    context: typer.Context,
    scope: Annotated[list[str] | None, typer.Option(help=_SCOPES, show_default=False)] = None,
    hours: Annotated[int, typer.Option(help="How long the session lasts: 1 to 720.")] = 12,
    url: Annotated[
        str | None, typer.Option(help="Where the service is for the browser; as the settings have it unless given.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print an address that opens the console once, within five minutes.

    The page gets a key of its own, which `lockstep keys list` shows and `lockstep keys revoke` ends.

    Example: `lockstep console open --scope admin --hours 2`
    """
    run(_open(context, scope or [], hours, url, as_json=as_json))


async def _open(context: typer.Context, scopes: list[str], hours: int, url: str | None, *, as_json: bool) -> int:
    from app.access.api_key import Scope
    from app.access.console_sessions import DEMO, ENVIRONMENT, USUAL_SCOPES, ConsoleSessions
    from app.cli.configured import quiet_settings
    from app.cli.database import opened
    from app.cli.demo_folder import address_in, is_demo

    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise CommandError(f"There is no scope {', '.join(unknown)}. Take {', '.join(Scope)}.")
    settings = quiet_settings()
    demo = is_demo(settings.data_directory)
    served = (address_in(settings.data_directory) or None) if demo else _local_url(settings.host, settings.port)
    if url is None and served is None:
        raise CommandError(f"No demo serves in {settings.data_directory}. Start it with: lockstep demo")
    address = (url or served or "").rstrip("/")
    wanted = [Scope(each) for each in scopes] or ((Scope.ADMIN,) if demo else USUAL_SCOPES)
    async with opened(context) as database:
        try:
            ticket, expires_at = await ConsoleSessions(database.pool, database.keyring).issue(
                wanted, hours=hours, environment=DEMO if demo else ENVIRONMENT
            )
        except ValueError as error:
            raise CommandError(f"{error} Choose --hours accordingly.") from error
    opening = f"{address}/#ticket={ticket}"
    if as_json:
        print_json({"url": opening, "ticket": ticket, "scopes": wanted, "expiresAt": expires_at})
    else:
        typer.echo(opening)
        typer.echo("It opens the console once, within five minutes.", err=True)
    return 0


def _local_url(host: str, port: int) -> str:
    """Give the address of a service of this machine's settings, as its own browser would write it."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://{f'[{here}]' if ':' in here else here}:{port}"
