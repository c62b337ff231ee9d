"""`lockstep webhooks`: who is told what became of cards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.errors import CommandError
from app.cli.moment import moment_of
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run

if TYPE_CHECKING:
    from app.webhooks.webhook import Resend, Webhook
    from app.webhooks.webhook_store import WebhookStore
    from projections.card_fact import FactDocument

webhooks = typer.Typer(name="webhooks", no_args_is_help=True, help="Tell your backend what became of cards.")

Name = Annotated[str, typer.Argument(help="The webhook's name.", show_default=False)]
DAY = 86_400


@webhooks.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List webhooks, with whether they fail.

    Example: `lockstep webhooks list`
    """
    run(_list(context, as_json=as_json))


@webhooks.command()
def show(context: typer.Context, name: Name, *, as_json: AsJson = False) -> None:
    """Show a webhook, and how much waits for it or was given up.

    Example: `lockstep webhooks show crm --json`
    """
    run(_show(context, name, as_json=as_json))


@webhooks.command()
def put(
    context: typer.Context,
    name: Name,
    url: Annotated[str, typer.Option(help="Where it is.")],
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="card.started, failed, dismissed or ended; may be repeated.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Set a webhook up, or change it; that switches it on. The secret of a new one is shown, this once.

    Example: `lockstep webhooks put crm --url https://crm.example.com/lockstep --type card.dismissed`
    """
    run(_put(context, name, url, type_, as_json=as_json))


@webhooks.command()
def delete(context: typer.Context, name: Name) -> None:
    """Delete a webhook, and what waits for it.

    Example: `lockstep webhooks delete crm`
    """
    run(_delete(context, name))


@webhooks.command()
def rotate(
    context: typer.Context,
    name: Name,
    overlap: Annotated[int, typer.Option(min=0, help="Seconds that the secret before signs too.")] = DAY,
    *,
    as_json: AsJson = False,
) -> None:
    """Give a webhook a new secret, and show it, this once.

    Example: `lockstep webhooks rotate crm --overlap 3600`
    """
    run(_rotate(context, name, overlap, as_json=as_json))


@webhooks.command()
def deliveries(
    context: typer.Context,
    name: Name,
    state: Annotated[Literal["waiting", "delivered", "dead"] | None, typer.Option(help="Those alone.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=1_000, help="At the most so many.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List what a webhook was told, or is to be told, the newest first.

    Example: `lockstep webhooks deliveries crm --state dead`
    """
    run(_deliveries(context, name, state, most, as_json=as_json))


@webhooks.command()
def resend(
    context: typer.Context,
    name: Name,
    id_: Annotated[str | None, typer.Option("--id", help="One fact.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="All from this time on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="And before this one.")] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="All that was given up.")] = False,
) -> None:
    """Tell a webhook again: one fact, a span of time, or what was given up. Exit code 1 says that there was none.

    Example: `lockstep webhooks resend crm --since 2026-11-27T12:00:00Z`
    """
    from app.webhooks.webhook import Resend

    asked = Resend(
        id=id_,
        dead=dead,
        since=None if since is None else moment_of(since, "--since"),
        until=None if until is None else moment_of(until, "--until"),
    )
    run(_resend(context, name, asked))


@asynccontextmanager
async def _store(context: typer.Context, *, ringing: bool = False) -> AsyncIterator["WebhookStore"]:
    """Open what knows webhooks, and tell the processes afterwards, if asked to."""
    from app.cli.database import opened
    from app.doorbell import ring
    from app.settings import load_settings
    from app.webhooks.errors import NoSuchWebhookError, WebhookError
    from app.webhooks.webhook_store import WebhookStore

    async with opened(context) as database:
        try:
            yield WebhookStore(database.pool, database.keyring, load_settings().address_rules())
        except NoSuchWebhookError as error:
            raise CommandError(f"{error} See: lockstep webhooks list") from error
        except WebhookError as error:
            raise CommandError(f"It cannot be like this: {error}.") from error
        if ringing:
            await ring(database.pool, settings=True)


async def _list(context: typer.Context, *, as_json: bool) -> int:
    async with _store(context) as store:
        found = await store.list_webhooks()
    if as_json:
        print_json({"webhooks": found})
    else:
        print_table(
            ("name", "url", "types", "fails since", "switched off", "why"),
            [(w.name, w.url, w.types, w.failing_since, w.disabled_at, w.disabled_why) for w in found],
            empty="There are no webhooks. Set one up with: lockstep webhooks put",
        )
    return 0


async def _show(context: typer.Context, name: str, *, as_json: bool) -> int:
    async with _store(context) as store:
        found = await store.find(name)
    if as_json:
        print_json(found)
    else:
        print_table(
            ("name", "url", "waiting", "dead", "fails since", "switched off", "why"),
            [(found.name, found.url, found.waiting, found.dead, found.failing_since, found.disabled_at,
              found.disabled_why)],
            empty="",
        )  # fmt: skip
    return 0


async def _put(context: typer.Context, name: str, url: str, types: list[str] | None, *, as_json: bool) -> int:
    from app.webhooks.webhook import WebhookRequest

    asked = WebhookRequest(url=url, types=tuple(types)) if types else WebhookRequest(url=url)
    async with _store(context, ringing=True) as store:
        webhook, added = await store.put(name, asked)
    _tell_secret(webhook, as_json=as_json)
    if not as_json:
        typer.echo(f"{'Set up' if added else 'Changed'}: {name}.", err=True)
    return 0


async def _delete(context: typer.Context, name: str) -> int:
    async with _store(context) as store:
        deleted = await store.delete(name)
    typer.echo(
        f"Deleted {name}." if deleted else "There is no such webhook. See: lockstep webhooks list", err=not deleted
    )
    return 0 if deleted else NO


async def _rotate(context: typer.Context, name: str, overlap: int, *, as_json: bool) -> int:
    async with _store(context) as store:
        webhook = await store.rotate(name, overlap)
    _tell_secret(webhook, as_json=as_json)
    return 0


def _told(document: "FactDocument | None") -> tuple[object, object, object]:
    """Give type, subject and time of what a delivery tells, while that is kept."""
    return (None, None, None) if document is None else (document.type, document.data.subject, document.timestamp)


async def _deliveries(context: typer.Context, name: str, state: str | None, most: int, *, as_json: bool) -> int:
    async with _store(context) as store:
        found = await store.deliveries(name, state=state, limit=most)
    if as_json:
        print_json({"deliveries": found})
    else:
        print_table(
            ("id", "type", "of", "at", "state", "requests", "due", "last error"),
            [
                (d.id, *_told(d.document), d.state, len(d.log), d.due_at, d.log[-1].error if d.log else None)
                for d in found
            ],
            empty="There is nothing.",
        )  # fmt: skip
    return 0


async def _resend(context: typer.Context, name: str, asked: "Resend") -> int:
    async with _store(context, ringing=True) as store:
        facts = await store.resend(name, asked)
    typer.echo(f"{facts} facts are sent again." if facts else "There was nothing to send again.", err=not facts)
    return 0 if facts else NO


def _tell_secret(webhook: "Webhook", *, as_json: bool) -> None:
    """Show a webhook's secret, if it has just been made."""
    if as_json:
        print_json(webhook)
    elif webhook.secret is not None:
        typer.echo(webhook.secret)
        typer.echo("Keep the secret now, it is shown this once.", err=True)
