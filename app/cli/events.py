"""`lockstep events`: post an event to a running server; export the log and import it."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from app.cli.errors import CommandError
from app.cli.events_export import export
from app.cli.events_import import import_
from app.cli.output import AsJson, print_json
from app.cli.running import NO, run

events = typer.Typer(name="events", no_args_is_help=True, help="Post events to a server; export and import the log.")
events.command()(export)
events.command("import")(import_)


@events.command()
def post(
    order_id: Annotated[str, typer.Argument(help="The order's id.", show_default=False)],
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="Such as order.placed.", show_default=False)],
    data: Annotated[str, typer.Option(help="The event's data, as a JSON object.")] = "{}",
    event_id: Annotated[str | None, typer.Option("--id", help="Makes a repeat harmless; a new one if absent.")] = None,
    source: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    url: Annotated[str, typer.Option(envvar="LOCKSTEP_URL", help="The server.")] = "http://127.0.0.1:8080",
    key: Annotated[
        str | None, typer.Option(envvar="LOCKSTEP_API_KEY", help="An API key with events:write.", show_envvar=True)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Post one event about an order. Exit code 1 says that the server refused it.

    Example: `lockstep events post order-4711 order.placed --data '{"customerId":"c1","merchantName":"Roma"}'`
    """
    run(_post(order_id, type_, data, event_id, source, url, key, as_json=as_json))


async def _post(
    order_id: str,
    type_: str,
    data: str,
    event_id: str | None,
    source: str | None,
    url: str,
    key: str | None,
    *,
    as_json: bool,
) -> int:
    import msgspec

    if key is None:
        raise CommandError("There is no API key. Give --key or LOCKSTEP_API_KEY; make one with: lockstep keys create")
    try:
        content = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandError(f"--data is not a JSON object: {error}. Mind the shell's quotes: --data '{{…}}'") from error
    named = {"type": type_, "id": event_id, "source": source, "data": content}
    status, answer = await _send(
        f"{url.rstrip('/')}/v1/orders/{quote(order_id, safe='')}/events",
        {name: value for name, value in named.items() if value is not None},
        key,
    )
    accepted = 200 <= status < 300
    if as_json:
        print_json(answer)
    elif accepted:
        typer.echo(f"{answer.get('outcome')}: {order_id} is at version {answer.get('version')}")
    else:
        typer.echo(f"{status} {answer.get('title', 'The server refused it.')} {answer.get('detail') or ''}", err=True)
        for fault in answer.get("errors", []):
            typer.echo(f"  {fault.get('pointer')}: {fault.get('detail')}", err=True)
    return 0 if accepted else NO


async def _send(url: str, event: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
    import aiohttp
    import msgspec

    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), headers=headers) as session,
            session.post(url, json=event) as answer,
        ):
            return answer.status, msgspec.json.decode(await answer.read(), type=dict[str, Any])
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise CommandError(
            f"No answer of Lockstep from {url}: {error or type(error).__name__}. Is `lockstep serve` running there? "
            "--url or LOCKSTEP_URL names the server."
        ) from error
