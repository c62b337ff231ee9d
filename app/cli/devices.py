"""`lockstep devices`: phones, and how they move from one backend to another."""

import typer

from app.cli.devices_export import export
from app.cli.devices_import import import_

devices = typer.Typer(
    name="devices",
    no_args_is_help=True,
    help="Take phones and running cards over from another backend, and give them back.",
)
devices.command()(export)
devices.command("import")(import_)
