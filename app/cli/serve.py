"""`lockstep serve`: the service, with some or all of its roles."""

import asyncio
from typing import Annotated

import typer

from app.cli.running import leave_at_once, listening, run, stop_on_signals


def serve(
    role: Annotated[
        str | None, typer.Option(help="Some of api,projector,matcher,dispatcher, with commas; all unless given.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
) -> None:
    """Run the service until SIGTERM or Ctrl-C; then it finishes what is under way and leaves in time.

    It is given LOCKSTEP_LEAVE_SECONDS for that. Everything else comes from LOCKSTEP_* variables and `.env`. Any number
    of processes may share one database.

    Example: `lockstep serve --role api,projector --host 0.0.0.0 --port 8080`
    """
    run(_serve(role, host, port))


async def _serve(role: str | None, host: str | None, port: int | None) -> int:
    import structlog

    from app.bootstrap import Service
    from app.cli.database import refuse_old_schema
    from app.logs import set_up_logs
    from app.settings import load_settings

    settings = load_settings(roles=role, host=host, port=port)
    set_up_logs(settings.log_level, settings.log_format)
    log = structlog.get_logger()
    stop = stop_on_signals()
    if settings.session_url is not None:
        await refuse_old_schema(settings.session_url)
    with listening("Choose another with --host and --port, or LOCKSTEP_HOST and LOCKSTEP_PORT."):
        service = await Service.start(settings)
    await stop.wait()
    log.info("service_stopping")
    stopping = asyncio.create_task(service.stop())
    done, _ = await asyncio.wait({stopping}, timeout=settings.leave_seconds)
    if not done:
        log.warning("service_left_before_all_was_done", seconds=settings.leave_seconds)
        leave_at_once(0)
    stopping.result()
    log.info("service_stopped")
    return 0
