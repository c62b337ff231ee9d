"""`lockstep devices`: phones, and how they move from one backend to another."""

import typer

from app.cli.devices_import import import_

devices = typer.Typer(name="devices", no_args_is_help=True, help="Take phones and running cards over.")
devices.command("import")(import_)


@devices.callback()
def _devices() -> None:
    """Take phones and running cards over."""
