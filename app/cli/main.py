"""The command line: puts the commands together. What a command needs is imported when it runs, so that help is fast."""

from typing import TYPE_CHECKING

import typer

from app.cli.archive import archive
from app.cli.audience import audience
from app.cli.audit import audit
from app.cli.card import card
from app.cli.cards import cards
from app.cli.channels import channels
from app.cli.config import config
from app.cli.console import console
from app.cli.definitions import definitions
from app.cli.demo import demo
from app.cli.devices import devices
from app.cli.doctor import doctor
from app.cli.erase import erase
from app.cli.events import events
from app.cli.keys import keys
from app.cli.migrate import migrate
from app.cli.order import order
from app.cli.pauses import pause, pauses, resume
from app.cli.push import push
from app.cli.recover import recover
from app.cli.replay import replay
from app.cli.schema import schema
from app.cli.secret import secret
from app.cli.senders import senders
from app.cli.serve import serve
from app.cli.shadow import shadow
from app.cli.simulator import simulator
from app.cli.stop import stop
from app.cli.tickets import tickets
from app.cli.tokens import tokens
from app.cli.webhooks import webhooks

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from app.cli.database import Database

cli = typer.Typer(
    name="lockstep",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, serve, migrate, stop, pause, resume, pauses, recover, doctor, audit):
    cli.command()(command)
for group in (
    simulator,
    order,
    card,
    cards,
    channels,
    console,
    definitions,
    audience,
    events,
    keys,
    tickets,
    devices,
    tokens,
    shadow,
    push,
    replay,
    archive,
    erase,
    webhooks,
    secret,
    senders,
    schema,
    config,
):
    cli.add_typer(group)


@cli.callback()
def _lockstep(context: typer.Context) -> None:
    """Keep Live Activities on iPhones in step with what really happened.

    Begin with `lockstep demo`: no Apple account, no phone and no Docker is needed.

    Exit codes: 0 done or yes, 1 the answer is no, 2 could not run.
    """
    context.obj = _open_database


def _open_database() -> "AbstractAsyncContextManager[Database]":
    from app.cli.configured import configured_database

    return configured_database()


def main() -> None:
    """Run the command line."""
    cli()
