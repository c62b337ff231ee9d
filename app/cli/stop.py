"""`lockstep stop`: stop an embedded Postgres that was left behind."""

import typer

from app.cli.running import NO, run


def stop() -> None:
    """Stop embedded Postgres servers that a killed process left behind: the service's and the demo's.

    The data stays. Exit code 1 says that none was running.

    Example: `lockstep stop`
    """
    run(_stop())


async def _stop() -> int:
    from app.cli.configured import quiet_settings
    from events.postgres.embedded import stop_embedded

    directory = quiet_settings().data_directory
    stopped = [each for each in (directory, directory / "demo") if await stop_embedded(each / "postgres")]
    for each in stopped:
        typer.echo(f"Stopped the Postgres of {each}.")
    if not stopped:
        typer.echo(f"No embedded Postgres of {directory} is running.")
    return 0 if stopped else NO
