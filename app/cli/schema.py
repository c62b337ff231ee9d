"""`lockstep schema`: the documents that describe events and the API, for a team's own tests."""

from typing import Annotated

import typer

from app.cli.errors import CommandError

schema = typer.Typer(
    name="schema", no_args_is_help=True, help="Print what describes events and the API, for a team's own tests."
)


@schema.command()
def events(
    type_: Annotated[str | None, typer.Option("--type", help="The data of one type alone, as order.placed.")] = None,
) -> None:
    """Print the JSON Schema of the CloudEvents that may be posted.

    Example: `lockstep schema events --type order.placed > order-placed.json`
    """
    from events.event_schema import events_document, one_event_document
    from events.vocabulary import public_types

    _install()
    document = events_document() if type_ is None else one_event_document(type_)
    if document is None:
        raise CommandError(f"Nobody may post {type_}. Known types: {', '.join(public_types())}.")
    _print(document)


@schema.command()
def openapi() -> None:
    """Print the API as OpenAPI 3.1.

    Example: `lockstep schema openapi > openapi.json`
    """
    from app.http.openapi import describe_api
    from app.http.routes import ROUTES

    _install()
    _print(describe_api(ROUTES))


@schema.command()
def asyncapi() -> None:
    """Print the events that are taken, and those that are told, as AsyncAPI 3.0.

    Example: `lockstep schema asyncapi > asyncapi.json`
    """
    from app.asyncapi import describe_events

    _install()
    _print(describe_events())
