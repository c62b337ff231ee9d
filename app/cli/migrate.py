"""`lockstep migrate`: bring the schema to where this release is."""

from app.cli.output import AsJson, print_json
from app.cli.running import run


def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema to where this release is; harmless when it is there already.

    LOCKSTEP_DATABASE_URL names it; without that it is the embedded one of the service.

    Example: `lockstep migrate`
    """
    run(_migrate(as_json=as_json))


async def _migrate(*, as_json: bool) -> int:
    import asyncpg
    import typer

    from app.cli.configured import quiet_settings
    from app.cli.database import unreachable
    from events.postgres.embedded import EmbeddedPostgres
    from events.postgres.migrator import migrate as apply_migrations

    settings = quiet_settings()
    if settings.session_url is None:
        server = await EmbeddedPostgres.start(settings.data_directory / "postgres")
        try:
            applied = await apply_migrations(server.dsn)
        finally:
            await server.stop()
    else:
        try:
            applied = await apply_migrations(settings.session_url)
        except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
            raise unreachable(error) from error
    if as_json:
        print_json({"applied": applied})
    else:
        typer.echo("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")
    return 0
