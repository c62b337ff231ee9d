"""Every command explains itself."""

from typing import Final

import pytest
from typer.testing import CliRunner

from app.cli.main import cli

COMMANDS: Final = (
    "demo",
    "serve",
    "migrate",
    "simulator",
    "simulator faults",
    "schema events",
    "schema openapi",
    "schema asyncapi",
    "stop",
    "card check",
    "card swift",
    "card schema",
    "order show",
    "order events",
    "order release",
    "order explain",
    "order state",
    "events post",
    "console open",
    "keys create",
    "keys list",
    "keys revoke",
    "tickets mint",
    "pause",
    "resume",
    "pauses",
    "replay verify",
    "replay rebuild",
    "replay rollback",
    "replay clean",
    "replay order",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str) -> None:
    """The help of each command holds a line that can be typed."""
    result = CliRunner().invoke(cli, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert f"Example: lockstep {command}" in " ".join(result.output.split())


@pytest.mark.parametrize(
    "arguments",
    [
        "pause --reason x",
        "pause all --app shop --reason x",
        "pause some --reason x",
        "pause all",
        "order show",
        "demo --once --fault gremlins",
        "replay verify --until soon",
        "replay rebuild --workers 0",
        "nothing",
    ],
)
def test_a_wrong_call_could_not_run(arguments: str) -> None:
    """Arguments that make no sense end with 2, like everything else that could not run."""
    assert CliRunner().invoke(cli, arguments.split()).exit_code == 2
